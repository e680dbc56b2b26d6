import Foundation

/// What containers need of a machine.
enum Prerequisites {
    /// Throws one line that says all that is missing and what to do.
    static func check(usesOwnRuntime: Bool) throws {
        var missing: [String] = []
        if geteuid() != 0 { missing.append("containers need root: run it with sudo") }
        let programs = usesOwnRuntime ? [("containerd", "containerd"), ("runc", "runc")] : []
        let packages =
            programs.filter { !isInstalled($0.0) }.map(\.1)
            + (FileManager.default.fileExists(atPath: "/usr/lib/cni/bridge") ? [] : ["containernetworking-plugins"])
        if !packages.isEmpty { missing.append("install what is missing: apt-get install \(packages.joined(separator: " "))") }
        guard missing.isEmpty else {
            throw Failure("\(missing.joined(separator: "; ")) (or try the API without containers: apus up --simulated-nodes 3)")
        }
    }

    private static func isInstalled(_ program: String) -> Bool {
        ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"].contains {
            FileManager.default.isExecutableFile(atPath: "\($0)/\(program)")
        }
    }
}
