import FoundationEssentials

/// The file that tells kubectl where a cluster is and who asks, with every certificate inline.
public enum Kubeconfig {
    /// - Parameters:
    ///   - server: `https://127.0.0.1:6443`.
    ///   - user: the name of the entry, such as `kubernetes-admin`.
    public static func text(server: String, caPEM: String, user: String, credential: Credential, cluster: String = "apus") -> String {
        """
        apiVersion: v1
        kind: Config
        clusters:
        - name: \(cluster)
          cluster:
            server: \(server)
            certificate-authority-data: \(base64(caPEM))
        users:
        - name: \(quoted(user))
          user:
            client-certificate-data: \(base64(credential.certificatePEM))
            client-key-data: \(base64(credential.privateKeyPEM))
        contexts:
        - name: \(quoted("\(user)@\(cluster)"))
          context:
            cluster: \(cluster)
            user: \(quoted(user))
        current-context: \(quoted("\(user)@\(cluster)"))

        """
    }

    private static func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

    /// A YAML scalar that may hold a colon.
    private static func quoted(_ text: String) -> String { "\"\(text)\"" }
}
