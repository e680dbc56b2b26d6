import ClusterClient
import Foundation
import Identity
import ObjectModel

/// Looks at a cluster from outside: its data directory, then its API as the administrator.
struct StatusProbe {
    let directory: String
    let now: Timestamp

    func run() async throws -> ClusterStatus {
        guard FileManager.default.fileExists(atPath: "\(directory)/apus.db") else {
            throw Failure("there is no cluster in \(directory): start one with `apus up`, or name its directory with --data-dir")
        }
        guard access("\(directory)/pki", R_OK | X_OK) == 0 else {
            throw Failure("\(directory) belongs to someone else: run `apus status` as the user that started the cluster, such as with sudo")
        }
        let kubeconfig = try? KubeconfigFile(path: "\(directory)/admin.kubeconfig")
        var status = ClusterStatus(
            version: Apus.version, dataDirectory: directory, diskBytes: DiskUse.bytes(of: directory), process: FileLock.holder("\(directory)/lock"),
            server: kubeconfig?.server.description ?? "unknown: admin.kubeconfig is missing", now: now)
        status.certificates = certificates()
        guard status.process != nil, let kubeconfig else { return status }
        await ask(kubeconfig, &status)
        return status
    }

    // MARK: The API

    private func ask(_ kubeconfig: KubeconfigFile, _ status: inout ClusterStatus) async {
        var timeouts = HTTPSTransport.Timeouts()
        (timeouts.connect, timeouts.request) = (.seconds(3), .seconds(10))
        let transport = HTTPSTransport(kubeconfig.server, timeouts: timeouts) { kubeconfig.identity }
        defer { transport.close() }
        let client = Client(transport, userAgent: "apus-status")
        do {
            status.serverVersion = try await client.object(APIRequest(.get, "/version"))["gitVersion"].string ?? "unknown"
            status.components = try await components(transport, client)
            async let nodes = client.list(.nodes).items
            async let pods = client.list(.pods).items
            async let deployments = client.list(.deployments).items
            async let sets = client.list(.statefulSets).items
            async let daemons = client.list(.daemonSets).items
            async let jobs = client.list(.jobs).items
            let (allNodes, allPods) = try await (nodes, pods)
            status.nodes = Self.nodes(allNodes, allPods)
            status.workloads = WorkloadHealth.examine(controllers: try await deployments + sets + daemons + jobs, pods: allPods)
        } catch {
            if status.serverVersion != nil { status.components.append(.init(name: "api", failure: "\(error)")) }
            status.failure = "\(error)"
        }
    }

    private func components(_ transport: HTTPSTransport, _ client: Client) async throws -> [ClusterStatus.Component] {
        let ready = try await transport.send(APIRequest(.get, "/readyz", query: [("verbose", "")], accept: "*/*"))
        var components: [ClusterStatus.Component] = []
        for line in String(decoding: ready.body, as: UTF8.self).split(separator: "\n") where line.hasPrefix("[") {
            let words = line.dropFirst(3).split(separator: " ", maxSplits: 1)
            guard let name = words.first else { continue }
            components.append(.init(name: "api/\(name)", failure: line.hasPrefix("[+]") ? nil : words.count > 1 ? String(words[1]) : "failed"))
        }
        let statuses = try? await client.object(APIRequest(.get, "/api/v1/componentstatuses"))["items"].array
        for status in statuses ?? [] {
            let condition = status["conditions"].array.first
            let isHealthy = condition?["status"].string == "True"
            components.append(
                .init(name: status.name, failure: isHealthy ? nil : condition?["error"].string ?? condition?["message"].string ?? "unknown"))
        }
        return components
    }

    private static func nodes(_ nodes: [Value], _ pods: [Value]) -> [ClusterStatus.Node] {
        var counts: [String: Int] = [:]
        for pod in pods where !["Succeeded", "Failed"].contains(pod["status"]["phase"].string) {
            counts[pod["spec"]["nodeName"].string ?? "", default: 0] += 1
        }
        return nodes.map { node in
            let capacity = node["status"]["capacity"]
            let ready = node["status"]["conditions"].array.first { $0["type"].string == "Ready" }
            return ClusterStatus.Node(
                name: node.name, isReady: ready?["status"].string == "True", pods: counts[node.name] ?? 0, podsMax: capacity["pods"].string ?? "?",
                cpu: capacity["cpu"].string ?? "?", memory: capacity["memory"].string ?? "?")
        }.sorted { $0.name < $1.name }
    }

    // MARK: Files

    private func certificates() -> [ClusterStatus.Certificate] {
        let pki = "\(directory)/pki"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: pki)) ?? []
        return names.sorted().compactMap { name in
            guard name.hasSuffix(".pem") || name == "ca.crt", let text = try? String(contentsOfFile: "\(pki)/\(name)", encoding: .utf8) else {
                return nil
            }
            guard let notAfter = CertificateDates.notAfter(pem: text) else { return nil }
            return ClusterStatus.Certificate(name: name == "ca.crt" ? "ca" : String(name.dropLast(4)), notAfter: notAfter)
        }
    }
}

/// Room that a directory takes on its own file system.
enum DiskUse {
    static func bytes(of path: String) -> Int64 {
        var seen: Set<UInt64> = []
        var root = stat()
        guard lstat(path, &root) == 0 else { return 0 }
        return bytes(path, device: root.st_dev, &seen)
    }

    /// Mounts are of other devices and not counted; a file with several names counts once.
    private static func bytes(_ path: String, device: dev_t, _ seen: inout Set<UInt64>) -> Int64 {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_dev == device else { return 0 }
        let isDirectory = status.st_mode & S_IFMT == S_IFDIR
        if !isDirectory, status.st_nlink > 1, !seen.insert(UInt64(status.st_ino)).inserted { return 0 }
        var total = Int64(status.st_blocks) * 512
        guard isDirectory, let directory = opendir(path) else { return total }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) } }
            if name != ".", name != ".." { total += bytes("\(path)/\(name)", device: device, &seen) }
        }
        return total
    }
}
