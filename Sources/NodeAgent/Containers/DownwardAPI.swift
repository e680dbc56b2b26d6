import ObjectModel

/// What a pod may learn of itself: `fieldRef` and `resourceFieldRef`, in variables and in files.
struct DownwardAPI: Sendable {
    let pod: Pod

    /// Addresses are known once the sandbox stands; before that they are empty.
    var podIPs: [String] = []
    var hostIPs: [String] = []

    /// What stands in where a container has no limit.
    var nodeAllocatable: Value = .null

    // MARK: Fields

    func field(_ path: String) throws -> String {
        if let (name, key) = Self.subscripted(path) {
            switch name {
            case "metadata.labels": return pod.object.labels[key] ?? ""
            case "metadata.annotations": return pod.object.annotations[key] ?? ""
            default: throw ContainerConfigError("invalid fieldPath: \(path)")
            }
        }
        switch path {
        case "metadata.name": return pod.name
        case "metadata.namespace": return pod.namespace
        case "metadata.uid": return pod.uid
        case "metadata.labels": return Self.lines(pod.object.labels)
        case "metadata.annotations": return Self.lines(pod.object.annotations)
        case "spec.nodeName": return pod.spec["nodeName"].string ?? ""
        case "spec.serviceAccountName": return pod.spec["serviceAccountName"].string ?? ""
        case "status.hostIP": return hostIPs.first ?? ""
        case "status.hostIPs": return hostIPs.joined(separator: ",")
        case "status.podIP": return podIPs.first ?? ""
        case "status.podIPs": return podIPs.joined(separator: ",")
        default: throw ContainerConfigError("unsupported fieldPath: \(path)")
        }
    }

    /// `metadata.labels['app']` as its two parts.
    private static func subscripted(_ path: String) -> (name: String, key: String)? {
        guard path.hasSuffix("']"), let open = path.firstIndex(of: "[") else { return nil }
        let key = path[open...].dropFirst(2).dropLast(2)
        return (String(path[..<open]), String(key))
    }

    /// `key="value"`, one a line, sorted.
    private static func lines(_ map: [String: String]) -> String {
        map.sorted { $0.key < $1.key }.map { "\($0.key)=\(quoted($0.value))" }.joined(separator: "\n")
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case "\r": result += "\\r"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    // MARK: Resources

    /// `limits.cpu`, `requests.memory`, … of `container`, in units of the divisor, rounded up.
    func resource(_ reference: Value, of container: ContainerSpec) throws -> String {
        let resource = reference["resource"].string ?? ""
        var target = container
        if let name = reference["containerName"].string, !name.isEmpty {
            guard let named = pod.container(named: name) else { throw ContainerConfigError("container \(name) not found") }
            target = named
        }
        let parts = resource.split(separator: ".", maxSplits: 1).map(String.init)
        guard parts.count == 2, parts[0] == "limits" || parts[0] == "requests" else {
            throw ContainerConfigError("unsupported container resource : \(resource)")
        }
        var amount = target.object["resources"][parts[0]][parts[1]].quantity
        if parts[0] == "limits", amount == nil || amount?.isZero == true { amount = nodeAllocatable[parts[1]].quantity }
        var divisor = reference["divisor"].quantity ?? .zero
        if divisor.isZero { divisor = Quantity(Int64(1)) }
        guard let amount, !amount.isZero else { return "0" }
        if parts[1] == "cpu" { return String(Self.dividedUp(amount.milliValue, divisor.milliValue)) }
        return String(Self.dividedUp(amount.value, divisor.value))
    }

    private static func dividedUp(_ amount: Int64, _ divisor: Int64) -> Int64 { divisor == 0 ? 0 : (amount + divisor - 1) / divisor }
}
