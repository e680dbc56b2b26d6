import ContainerRuntime
import ObjectModel

/// Removes images that nothing uses when the disk runs full, those first that were not used for the longest.
///
/// What was packed on this machine stays: names under `apus.local` are in no registry from which they could come back.
actor ImageCollector {
    /// Upstream's defaults.
    struct Policy: Sendable {
        /// At which part of the disk in use removing begins, and down to which it goes on.
        var highPercent: Int64 = 85
        var lowPercent: Int64 = 80

        /// How long an image is left alone after it came.
        var ageMin: Duration = .seconds(120)
    }

    struct Outcome: Sendable, Equatable {
        var wantedBytes: Int64
        var freedBytes: Int64 = 0
        var removed: [String] = []

        /// Why it was not enough, in upstream's words; nil where it was.
        var shortfall: String? {
            guard freedBytes < wantedBytes else { return nil }
            return
                "Failed to garbage collect required amount of images. Attempted to free \(wantedBytes) bytes, but only found \(freedBytes) bytes eligible to free."
        }
    }

    private struct Record {
        var image: CRIImage
        var detected: Timestamp
        var lastUsed: Timestamp?
    }

    private let runtime: any ContainerRuntime
    private let policy: Policy
    private let disk: @Sendable () -> FilesystemUsage?
    private let now: @Sendable () -> Timestamp
    private var records: [String: Record] = [:]

    init(
        _ runtime: any ContainerRuntime, policy: Policy = Policy(), disk: @escaping @Sendable () -> FilesystemUsage?,
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.runtime = runtime
        self.policy = policy
        self.disk = disk
        self.now = now
    }

    /// Looks at what is used, and makes room where the disk is fuller than it may be.
    func collect() async throws -> Outcome? {
        let moment = now()
        let inUse = try await look(moment)
        guard let disk = disk(), disk.totalBytes > 0, 100 - disk.availableBytes * 100 / disk.totalBytes >= policy.highPercent else { return nil }
        let wanted = disk.totalBytes * (100 - policy.lowPercent) / 100 - disk.availableBytes
        return await free(wanted, inUse, moment)
    }

    /// Removes every image that nothing uses: the node is short of room.
    func collectAll() async throws -> Outcome {
        let moment = now()
        return await free(.max, try await look(moment), moment)
    }

    // MARK: Parts

    /// Brings the records up to date; returns the ids of images that containers use, also of those that ended.
    private func look(_ moment: Timestamp) async throws -> Set<String> {
        let images = try await runtime.images()
        var inUse: Set<String> = []
        for container in try await runtime.containers() { inUse.formUnion([container.imageRef, container.image.image]) }
        var seen: [String: Record] = [:]
        for image in images {
            var record = records[image.id] ?? Record(image: image, detected: moment)
            record.image = image
            if !inUse.isDisjoint(with: [image.id] + image.repoTags + image.repoDigests) {
                record.lastUsed = moment
                inUse.insert(image.id)
            }
            seen[image.id] = record
        }
        records = seen
        return inUse
    }

    private func free(_ bytes: Int64, _ inUse: Set<String>, _ moment: Timestamp) async -> Outcome {
        var outcome = Outcome(wantedBytes: bytes)
        let candidates = records.values.filter { record in
            !inUse.contains(record.image.id) && !Self.isKept(record.image) && moment - record.detected >= policy.ageMin
        }
        let order = candidates.sorted {
            ($0.lastUsed?.nanoseconds ?? 0, $0.detected.nanoseconds) < ($1.lastUsed?.nanoseconds ?? 0, $1.detected.nanoseconds)
        }
        for record in order where outcome.freedBytes < bytes {
            guard (try? await runtime.removeImage(.with { $0.image = record.image.id })) != nil else { continue }
            records[record.image.id] = nil
            outcome.freedBytes += Int64(clamping: record.image.size)
            outcome.removed.append(record.image.repoTags.first ?? record.image.repoDigests.first ?? record.image.id)
        }
        return outcome
    }

    private static func isKept(_ image: CRIImage) -> Bool {
        image.pinned || image.repoTags.contains { $0.hasPrefix("apus.local/") || $0 == PauseImage.name }
    }
}
