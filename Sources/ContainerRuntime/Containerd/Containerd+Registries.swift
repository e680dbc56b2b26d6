extension Containerd {
    /// Lets a registry be reached without TLS; containerd reads this at its next pull. For registries on the loopback interface and in tests.
    ///
    /// - Parameter registry: its host, with its port if that is not 80: `127.0.0.1:5000`.
    public func allowPlainHTTP(registry: String) throws(ContainerRuntimeError) {
        guard !registry.isEmpty, !registry.contains(where: { $0 == "/" || $0 == "\"" || $0.isWhitespace || $0.isNewline }), registry != ".." else {
            throw ContainerRuntimeError(.invalidArgument, "\"\(registry)\" is not the host of a registry")
        }
        let directory = "\(layout.registriesDirectory)/\(registry)"
        try Files.makeDirectory(directory)
        let text = """
            server = "http://\(registry)"

            [host."http://\(registry)"]
              capabilities = ["pull", "resolve"]

            """
        try Files.write(text.utf8, to: "\(directory)/hosts.toml")
    }
}
