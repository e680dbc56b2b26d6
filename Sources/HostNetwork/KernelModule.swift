import Glibc

/// Parts of the kernel that are loaded when they are needed.
public enum KernelModule {
    /// Loads a module with the host's `modprobe`. False where that is not possible; the module may still be there, built in.
    @discardableResult
    public static func load(_ name: StaticString) -> Bool {
        for path in ["/sbin/modprobe", "/usr/sbin/modprobe", "/bin/modprobe"] where access(path, X_OK) == 0 {
            guard let program = strdup(path), let module = strdup("\(name)") else { return false }
            defer {
                free(program)
                free(module)
            }
            var arguments: [UnsafeMutablePointer<CChar>?] = [program, module, nil]
            var environment: [UnsafeMutablePointer<CChar>?] = [nil]
            var process = pid_t()
            guard posix_spawn(&process, path, nil, nil, &arguments, &environment) == 0 else { return false }
            var status: Int32 = 0
            while waitpid(process, &status, 0) < 0 { guard errno == EINTR else { return false } }
            return status == 0
        }
        return false
    }
}
