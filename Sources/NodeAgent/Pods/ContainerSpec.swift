import ObjectModel

/// One container of a pod's spec, read in place.
struct ContainerSpec: Sendable, Equatable {
    /// Which list of the spec it stands in.
    enum Role: Sendable, Equatable { case initial, main, ephemeral }

    let object: Value
    let role: Role
    let index: Int

    var name: String { object["name"].string ?? "" }
    var image: String { object["image"].string ?? "" }

    /// An init container that stays: it runs beside the main containers.
    var isSidecar: Bool { role == .initial && object["restartPolicy"].string == "Always" }

    /// What events name it by: `spec.containers{web}`.
    var fieldPath: String {
        switch role {
        case .initial: "spec.initContainers{\(name)}"
        case .main: "spec.containers{\(name)}"
        case .ephemeral: "spec.ephemeralContainers{\(name)}"
        }
    }

    func hasProbe(_ kind: ProbeKind) -> Bool { object[kind.field].isObject }
}

/// The three probes that a container may have.
enum ProbeKind: String, Sendable, CaseIterable, Hashable {
    case startup = "Startup"
    case liveness = "Liveness"
    case readiness = "Readiness"

    /// The field of the container that declares it.
    var field: String {
        switch self {
        case .startup: "startupProbe"
        case .liveness: "livenessProbe"
        case .readiness: "readinessProbe"
        }
    }
}
