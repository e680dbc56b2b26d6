@testable import ContainerRuntime
import FoundationEssentials
import ObjectModel
import Testing

@Suite struct `The keyring of registries` {
    func secret(_ type: String, _ key: String, _ content: Value) -> Value {
        ["type": .string(type), "metadata": ["name": "pull"], "data": .object(Fields([(key, .string(Data(content.json()).base64EncodedString()))]))]
    }

    func keyring(_ auths: Value) throws -> RegistryKeyring {
        var keyring = RegistryKeyring()
        try keyring.add(secret: secret("kubernetes.io/dockerconfigjson", ".dockerconfigjson", ["auths": auths]))
        return keyring
    }

    func users(_ keyring: RegistryKeyring, _ image: String) throws -> [String] {
        keyring.credentials(for: try ImageReference(image)).map(\.username)
    }

    @Test func `finds credentials by host, port and path, the most specific first`() throws {
        let keyring = try keyring([
            "example.com": ["username": "host", "password": "x"], "https://example.com/v2/team": ["username": "team", "password": "x"],
            "example.com:5000": ["username": "port", "password": "x"], "*.example.com": ["username": "wildcard", "password": "x"],
        ])
        #expect(try users(keyring, "example.com/team/app:1") == ["team", "host"])
        #expect(try users(keyring, "example.com/other:1") == ["host"])
        #expect(try users(keyring, "example.com:5000/app") == ["port"])
        #expect(try users(keyring, "eu.example.com/app") == ["wildcard"])
        #expect(try users(keyring, "a.eu.example.com/app").isEmpty)
        #expect(try users(keyring, "hello:1").isEmpty)
    }

    @Test func `knows Docker's own registry by its older name`() throws {
        let keyring = try keyring(["https://index.docker.io/v1/": ["auth": .string(Data("ada:s3cret:x".utf8).base64EncodedString())]])
        let credentials = keyring.credentials(for: try ImageReference("hello:1"))
        #expect(credentials.map(\.username) == ["ada"])
        #expect(credentials.map(\.password) == ["s3cret:x"])
        #expect(try users(keyring, "example.com/hello").isEmpty)
    }

    @Test func `reads the older form of a secret as well`() throws {
        var keyring = RegistryKeyring()
        try keyring.add(
            secret: secret("kubernetes.io/dockercfg", ".dockercfg", ["example.com": ["username": "old", "password": "x", "email": "a@b"]]))
        try keyring.add(secret: secret("Opaque", ".dockercfg", ["other.com": ["username": "no", "password": "x"]]))
        #expect(try users(keyring, "example.com/a") == ["old"])
        #expect(try users(keyring, "other.com/a").isEmpty)
    }

    @Test func `says what is wrong with a secret`() {
        #expect { try self.keyring(["example.com": ["auth": "bm8tY29sb24="]]) } throws: { "\($0)".contains("base64(username:password)") }
        var empty = RegistryKeyring()
        #expect(throws: ContainerRuntimeError.self) {
            try empty.add(secret: ["type": "kubernetes.io/dockercfg", "metadata": ["name": "bad"], "data": [".dockercfg": "%%%"]])
        }
    }
}
