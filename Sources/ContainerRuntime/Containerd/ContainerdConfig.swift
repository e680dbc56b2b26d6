/// What our containerd is told, as its `config.toml`.
struct ContainerdConfig {
    var layout: ContainerdLayout
    var sandboxImage: String
    var cniBinaryDirectory: String
    var runc: String
    var logLevel: String

    /// `overlayfs`, or `native` (copies) where the file system can't be overlaid.
    var snapshotter: String

    /// Without CAP_SYS_RESOURCE no process may get a lower OOM score than ours; containers then get ours.
    var restrictsOOMScore: Bool

    var text: String {
        """
        # Written by Apus at every start; changes are lost.
        version = 2
        root = \(quoted(layout.root))
        state = \(quoted(layout.state))
        disabled_plugins = [
          "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper",
          "io.containerd.snapshotter.v1.zfs", "io.containerd.internal.v1.opt", "io.containerd.tracing.processor.v1.otlp",
          "io.containerd.internal.v1.tracing",
        ]

        [grpc]
          address = \(quoted(layout.socket))

        [debug]
          level = \(quoted(logLevel))

        [plugins."io.containerd.grpc.v1.cri"]
          sandbox_image = \(quoted(sandboxImage))
          restrict_oom_score_adj = \(restrictsOOMScore)
          netns_mounts_under_state_dir = true
          stream_server_address = "127.0.0.1"
          stream_server_port = "0"
          stats_collect_period = 30
          tolerate_missing_hugetlb_controller = true
          enable_unprivileged_ports = true
          enable_unprivileged_icmp = true

          [plugins."io.containerd.grpc.v1.cri".cni]
            bin_dir = \(quoted(cniBinaryDirectory))
            conf_dir = \(quoted(layout.cniConfigurationDirectory))

          [plugins."io.containerd.grpc.v1.cri".registry]
            config_path = \(quoted(layout.registriesDirectory))

          [plugins."io.containerd.grpc.v1.cri".containerd]
            snapshotter = \(quoted(snapshotter))
            default_runtime_name = "runc"

            [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
              runtime_type = "io.containerd.runc.v2"

              [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
                BinaryName = \(quoted(runc))
                Root = \(quoted(layout.runcRoot))
                SystemdCgroup = false

        """
    }

    /// A basic string of TOML.
    private func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where scalar.value < 0x20 || scalar.value == 0x7f:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
