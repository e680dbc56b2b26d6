@testable import ContainerRuntime
import Glibc
import ObjectModel
import Testing

@Suite struct `An image packed from a folder` {
    /// Something of every kind that a folder can hold.
    func fill(_ workplace: Workplace, reversed: Bool = false) throws -> String {
        let names = ["etc/config", "bin/program", "z/last", "a/first"]
        for name in reversed ? names.reversed() : names {
            try workplace.write("content of \(name)", to: "root/\(name)", mode: name.hasPrefix("bin") ? 0o755 : 0o644)
        }
        let root = "\(workplace.path)/root"
        symlink("program", "\(root)/bin/link")
        link("\(root)/bin/program", "\(root)/bin/same")
        let long = String(repeating: "long-folder-name/", count: 20)
        try workplace.write("deep", to: "root/\(long)file-é")
        return root
    }

    @Test func `is the same for the same content, whenever and in whatever order it was written`() async throws {
        try await Workplace.with { first in
            try await Workplace.with { second in
                let packer = ImagePacker(.init(names: ["hello:1"]))
                let one = try packer.pack(folder: try fill(first), to: "\(first.path)/image.tar")
                let two = try packer.pack(folder: try fill(second, reversed: true), to: "\(second.path)/image.tar")
                #expect(one == two)
                #expect(try Files.read("\(first.path)/image.tar") == Files.read("\(second.path)/image.tar"))
            }
        }
    }

    @Test(.enabled(if: Program.find("tar") != nil, "needs tar")) func `holds what the folder holds`() async throws {
        try await Workplace.with { workplace in
            let root = try fill(workplace)
            let tar = try #require(Program.find("tar"))
            let layer = try DigestedFile(path: "\(workplace.path)/layer.tar")
            let writer = TarWriter { bytes throws(ContainerRuntimeError) in try layer.write(bytes) }
            try writer.add(folder: root)
            try writer.finish()
            try Files.makeDirectory("\(workplace.path)/again")
            let outcome = try await Program.run(tar, ["-xf", "\(workplace.path)/layer.tar", "-C", "\(workplace.path)/again"])
            #expect(outcome.code == 0, "\(outcome.output)")
            let diff = try await Program.run("/usr/bin/diff", ["-r", "--no-dereference", root, "\(workplace.path)/again"])
            #expect(diff.code == 0, "\(diff.output)")
            var (one, other) = (stat(), stat())
            stat("\(workplace.path)/again/bin/program", &one)
            stat("\(workplace.path)/again/bin/same", &other)
            #expect(one.st_ino == other.st_ino)
            #expect(one.st_mode & 0o7777 == 0o755)
            #expect(one.st_mtim.tv_sec == 0)
        }
    }

    @Test(.enabled(if: Program.find("skopeo") != nil, "needs skopeo")) func `is read by other tools, as OCI and as Docker`() async throws {
        try await Workplace.with { workplace in
            var options = ImagePacker.Options(names: ["apus.local/hello:2"])
            options.entrypoint = ["/bin/program"]
            options.command = ["--verbose"]
            options.environment = ["GREETING=hello"]
            options.user = "1000:1000"
            options.workingDirectory = "/etc"
            options.exposedPorts = ["8080", "53/udp"]
            options.labels = ["team": "swift"]
            let packed = try ImagePacker(options).pack(folder: try fill(workplace), to: "\(workplace.path)/image.tar")
            let skopeo = try #require(Program.find("skopeo"))
            for form in ["oci-archive:\(workplace.path)/image.tar", "docker-archive:\(workplace.path)/image.tar"] {
                let outcome = try await Program.run(
                    skopeo, ["inspect", "--config", form], environment: ["PATH": "/usr/bin:/bin", "HOME": workplace.path])
                #expect(outcome.code == 0, "\(outcome.output)")
                let config = try Value(json: outcome.output)
                #expect(config["config"]["Entrypoint"].strings == ["/bin/program"])
                #expect(config["config"]["Cmd"].strings == ["--verbose"])
                #expect(config["config"]["Env"].strings.contains("GREETING=hello"))
                #expect(config["config"]["User"].string == "1000:1000")
                #expect(config["config"]["WorkingDir"].string == "/etc")
                #expect(config["config"]["ExposedPorts"].fields.map(\.key).sorted() == ["53/udp", "8080/tcp"])
                #expect(config["config"]["Labels"]["team"].string == "swift")
            }
            #expect(packed.names == ["apus.local/hello:2"])
        }
    }

    @Test func `needs a name and a folder`() async throws {
        try await Workplace.with { workplace in
            let archive = "\(workplace.path)/image.tar"
            #expect(throws: ContainerRuntimeError.self) { try ImagePacker(.init(names: [])).pack(folder: workplace.path, to: archive) }
            #expect(throws: ContainerRuntimeError.self) { try ImagePacker(.init(names: ["Not A Name"])).pack(folder: workplace.path, to: archive) }
            #expect(throws: ContainerRuntimeError.self) { try ImagePacker(.init(names: ["a:1"])).pack(folder: "/nowhere", to: archive) }
        }
    }
}

@Suite struct `The name of an image` {
    @Test(arguments: [
        ("hello", "docker.io/library/hello:latest"), ("hello:1", "docker.io/library/hello:1"), ("team/hello", "docker.io/team/hello:latest"),
        ("apus.local/hello:1", "apus.local/hello:1"), ("localhost/a/b/c:x", "localhost/a/b/c:x"),
        ("127.0.0.1:5000/hello", "127.0.0.1:5000/hello:latest"),
        ("index.docker.io/hello:1", "docker.io/library/hello:1"), ("hello:1_A.b-c", "docker.io/library/hello:1_A.b-c"),
        (
            "registry.k8s.io/pause@sha256:7031c1b283388d2c2e09b57badb803c05ebed362dc88d84b480cc47f72a21097",
            "registry.k8s.io/pause@sha256:7031c1b283388d2c2e09b57badb803c05ebed362dc88d84b480cc47f72a21097"
        ),
    ]) func `is completed as every client completes it`(short: String, full: String) throws {
        #expect(try ImageReference(short).description == full)
    }

    @Test(arguments: ["", "Hello", "hello:", "hello:a b", "a//b", "-a", "hello:.x", "hello@sha256:12", "/a", "a/"])
    func `is refused when no registry could have it`(text: String) {
        #expect { try ImageReference(text) } throws: { "\($0)".contains("invalid reference format") }
    }
}
