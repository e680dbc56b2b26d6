import ObjectModel
import Synchronization

/// Knows what the node runs short of. A pressure that is over is told for a while longer, so that pods do not come back to go again.
final class PressureMonitor: Sendable {
    private let thresholds: [EvictionSignal: EvictionThreshold]
    private let directory: String

    /// Where images and containers' own files are; the runtime tells.
    private let imageDirectory: Mutex<String>
    private let transition: Duration
    private let now: @Sendable () -> Timestamp
    private let lastShort = Mutex<[NodeConditions.Pressure: Timestamp]>([:])

    /// - Parameters:
    ///   - thresholds: by the signals' names; what is no threshold is left out.
    ///   - transition: how long a pressure is told after it was last seen.
    init(_ thresholds: [String: String], directory: String, transition: Duration, now: @escaping @Sendable () -> Timestamp) {
        var known: [EvictionSignal: EvictionThreshold] = [:]
        for (name, text) in thresholds {
            if let signal = EvictionSignal(rawValue: name), let threshold = EvictionThreshold(text) { known[signal] = threshold }
        }
        self.thresholds = known
        self.directory = directory
        imageDirectory = Mutex(directory)
        self.transition = transition
        self.now = now
    }

    /// Tells where the runtime keeps images.
    func keepsImages(in directory: String) { imageDirectory.withLock { $0 = directory } }

    /// The filesystem that images are on.
    var imageFilesystem: FilesystemUsage? { FilesystemUsage(path: imageDirectory.withLock { $0 }) }

    /// Whether images are on a filesystem of their own.
    var hasImageFilesystem: Bool { File.device(imageDirectory.withLock { $0 }) != File.device(directory) }

    /// What there is right now.
    func readings(root: String = "") -> [EvictionReading] {
        let machine = MachineUsage.read(root: root)
        let disk = FilesystemUsage(path: directory)
        let images = imageFilesystem
        return EvictionSignal.allCases.compactMap { signal in
            let amounts: (available: Int64, capacity: Int64)? =
                switch signal {
                case .memoryAvailable: (machine.memoryAvailableBytes, machine.memoryTotalBytes)
                case .diskAvailable: disk.map { ($0.availableBytes, $0.totalBytes) }
                case .inodesFree: disk.map { ($0.inodesFree, $0.inodes) }
                case .imageDiskAvailable: images.map { ($0.availableBytes, $0.totalBytes) }
                case .imageInodesFree: images.map { ($0.inodesFree, $0.inodes) }
                case .processesAvailable: (max(0, machine.processesMax - machine.processes), machine.processesMax)
                }
            guard let threshold = thresholds[signal], let amounts, amounts.capacity > 0 else { return nil }
            return EvictionReading(signal: signal, available: amounts.available, threshold: threshold.value(of: amounts.capacity))
        }
    }

    /// What the node's conditions tell.
    func pressures() -> Set<NodeConditions.Pressure> { note(readings()) }

    @discardableResult func note(_ readings: [EvictionReading]) -> Set<NodeConditions.Pressure> {
        let moment = now()
        return lastShort.withLock { last in
            for reading in readings where reading.isShort { last[reading.signal.pressure] = moment }
            last = last.filter { moment - $0.value < transition || $0.value == moment }
            return Set(last.keys)
        }
    }
}
