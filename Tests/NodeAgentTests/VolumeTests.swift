import Glibc
import ObjectModel
import Testing

@testable import NodeAgent

@Suite struct `A volume` {
    private func text(_ path: String) throws -> String { String(decoding: try File.read(path), as: UTF8.self) }

    private func content(_ text: String, mode: mode_t = 0o644) -> AtomicDirectory.Content { .init(bytes: Array(text.utf8), mode: mode) }

    @Test func `changes all its files at once`() async throws {
        try await withTemporaryDirectory { directory in
            let volume = AtomicDirectory(path: "\(directory)/v")
            #expect(try volume.write(["a": content("1"), "dir/b": content("2", mode: 0o600)], now: testTime))
            #expect(try text("\(directory)/v/a") == "1")
            #expect(try text("\(directory)/v/dir/b") == "2")
            let first = try #require(File.linkTarget("\(directory)/v/..data"))
            #expect(try volume.write(["a": content("1"), "dir/b": content("2", mode: 0o600)], now: testTime + .seconds(1)) == false)
            #expect(try volume.write(["a": content("3")], now: testTime + .seconds(2)))
            #expect(try text("\(directory)/v/a") == "3")
            #expect(try File.names(in: "\(directory)/v").filter { !$0.hasPrefix("..") } == ["a"])
            #expect(!File.exists("\(directory)/v/\(first)"))
        }
    }

    @Test func `of an API object has the modes and keys that the pod asks for`() throws {
        let pod = testPod()
        var source = VolumePayload.Source(pod: pod, downwardAPI: DownwardAPI(pod: pod))
        source.configMaps["c"] = ["data": ["x": "1", "y": "2"], "binaryData": ["z": "AAE="]]
        let payload = VolumePayload(source: source)
        let all = try payload.files(of: ["name": "v", "configMap": ["name": "c", "defaultMode": 0o400]])
        #expect(all.keys.sorted() == ["x", "y", "z"])
        #expect(all["z"]?.bytes == [0, 1])
        #expect(all["x"]?.mode == 0o400)
        let some = try payload.files(of: ["name": "v", "configMap": ["name": "c", "items": [["key": "x", "path": "sub/x.txt", "mode": 0o755]]]])
        #expect(some == ["sub/x.txt": content("1", mode: 0o755)])
        #expect(throws: VolumeError(volume: "v", message: "configmap references non-existent config key: q")) {
            try payload.files(of: ["name": "v", "configMap": ["name": "c", "items": [["key": "q", "path": "q"]]]])
        }
        #expect(throws: VolumeError(volume: "v", message: "secret \"s\" not found")) {
            try payload.files(of: ["name": "v", "secret": ["secretName": "s"]])
        }
        #expect(try payload.files(of: ["name": "v", "secret": ["secretName": "s", "optional": true]]).isEmpty)
        #expect(throws: VolumeError.self) {
            try payload.files(of: ["name": "v", "configMap": ["name": "c", "items": [["key": "x", "path": "../x"]]]])
        }
    }

    @Test func `lets no sub-path lead out of it`() async throws {
        try await withTemporaryDirectory { directory in
            try File.makeDirectory("\(directory)/volume/real")
            try File.write(Array("secret".utf8), to: "\(directory)/outside")
            try File.link("\(directory)/volume/escape", to: "../outside")
            #expect(throws: ContainerConfigError.self) { try SubPath.mount("escape", of: "\(directory)/volume", at: "\(directory)/t1") }
            try SubPath.mount("real/new", of: "\(directory)/volume", at: "\(directory)/sub/t2")
            try File.write(Array("hi".utf8), to: "\(directory)/volume/real/new/file")
            #expect(try text("\(directory)/sub/t2/file") == "hi")
            try Mount.unmountAll(below: directory)
            #expect(!File.exists("\(directory)/sub/t2/file"))
        }
    }

    @Test(arguments: [("Directory", "a directory"), ("File", "a file"), ("Socket", "a socket file"), ("BlockDevice", "a block device")])
    func `of a host path checks its type`(type: String, words: String) async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/nothing"
            #expect(throws: ContainerConfigError("hostPath type check failed: \(path) is not \(words)")) { try HostPath.prepare(path, type: type) }
            try HostPath.prepare("\(directory)/made", type: "DirectoryOrCreate")
            #expect(try File.kind("\(directory)/made") == .directory)
        }
    }

    @Test func `belongs to the pod's group`() async throws {
        try await withTemporaryDirectory { directory in
            try File.makeDirectory("\(directory)/v/inner")
            try File.write([], to: "\(directory)/v/inner/file", mode: 0o600)
            try Ownership.give("\(directory)/v", toGroup: 2_000)
            var info = stat()
            #expect(stat("\(directory)/v/inner/file", &info) == 0)
            #expect(info.st_gid == 2_000)
            #expect(info.st_mode & 0o7777 == 0o660)
            #expect(stat("\(directory)/v/inner", &info) == 0)
            #expect(info.st_mode & 0o2000 != 0)
        }
    }
}
