import KubernetesAPI
import Metrics
import ObjectModel
import Schema

/// A resource as this server serves it: its declaration, its objects, and what its declaration cannot say.
final class ServedResource: Sendable {
    let definition: ResourceDefinition
    let collection: Collection
    let strategy: any ResourceStrategy

    /// Bytes of the events that went out to its watchers.
    let eventSizes = StorageMetrics.eventSizes()

    /// To and from the version that is stored, where that is another one.
    let conversion: VersionConversion?

    /// The other versions of the kind, whose writers' fields are theirs.
    let otherVersions: [OtherVersion]

    init(_ definition: ResourceDefinition, _ collection: Collection, _ strategy: any ResourceStrategy) {
        self.definition = definition
        self.collection = collection
        self.strategy = strategy
        conversion = VersionConversion.conversion(for: definition)
        otherVersions = VersionConversion.others(of: definition)
    }

    var group: String { definition.group }
    var plural: String { definition.plural }

    /// `v1`, `apps/v1`.
    var apiVersion: String { definition.group.isEmpty ? definition.version : "\(definition.group)/\(definition.version)" }

    func key(namespace: String, name: String) -> String { definition.isNamespaced ? "\(namespace)/\(name)" : name }

    // MARK: Versions

    /// A stored object in this version.
    func value(of object: StoredObject) throws(APIError) -> Value { served(try object.value()) }

    /// As this process' own components see it.
    func lean(of object: StoredObject) throws(APIError) -> Value { served(try object.lean()) }

    func served(_ stored: Value) -> Value { conversion?.served(stored) ?? stored }

    /// What is stored of an object of this version.
    func storedBytes(_ object: Value) -> [UInt8] { (conversion?.stored(object) ?? object).canonicalJSON() }

    // MARK: Changes

    /// Runs a change of an object when nobody else is at one: of two at once, one would have worked for nothing.
    func alone<Result: Sendable>(at key: String, _ change: () async throws(APIError) -> Result) async throws(APIError) -> Result {
        await collection.turns.begin(key)
        defer { collection.turns.end(key) }
        return try await change()
    }

    /// A written object with its revision: as the collection holds it, unless it has changed again.
    func committed(_ key: String, _ revision: Int64, _ bytes: [UInt8]) -> [UInt8] {
        if let object = collection.find(key), object.revision == revision { return object.bytes }
        return Revisions.splice(revision, into: bytes)
    }

    // MARK: Refusals

    func notFound(_ name: String) -> APIError { .notFound(resource: plural, group: group, name: name) }

    func conflict(_ name: String, _ why: String) -> APIError { .conflict(resource: plural, group: group, name: name, why) }

    /// Upstream's words for a write that means an object of this name with another uid: its store speaks here.
    func isAnother(_ uid: String, than object: Value) -> APIError {
        let key = "/registry/\(plural)/\(key(namespace: object.namespace, name: object.name))"
        return conflict(
            object.name,
            """
            StorageError: invalid object, Code: 4, Key: \(key), ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: \
            \(uid), UID in object meta: \(object.uid)
            """)
    }

    /// Upstream's words for a write that lost the race.
    func modified(_ name: String) -> APIError {
        conflict(name, "the object has been modified; please apply your changes to the latest version and try again")
    }
}
