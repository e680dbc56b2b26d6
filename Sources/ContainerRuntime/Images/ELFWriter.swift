/// Writes the smallest program that Linux runs: an ELF file with one segment, no libraries and no sections.
struct ELFWriter {
    enum Machine: UInt16 {
        case x86_64 = 62
        case arm64 = 183
    }

    private static let fileHeaderSize = 64
    private static let programHeaderSize = 56
    private static let loadAddress: UInt64 = 0x40_0000

    /// The bytes of a program that starts with the first of these instructions.
    static func program(_ code: [UInt8], for machine: Machine) -> [UInt8] {
        let headersSize = fileHeaderSize + 2 * programHeaderSize
        let size = UInt64(headersSize + code.count)
        var file = LittleEndianBytes()

        // File header: magic, 64 bits, little endian, version 1, System V.
        file.append([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0])
        file.append(UInt16(2))  // an executable with fixed addresses
        file.append(machine.rawValue)
        file.append(UInt32(1))  // version
        file.append(loadAddress + UInt64(headersSize))  // entry
        file.append(UInt64(fileHeaderSize))  // offset of the program headers
        file.append(UInt64(0))  // no section headers
        file.append(UInt32(0))  // flags
        file.append(UInt16(fileHeaderSize))
        file.append(UInt16(programHeaderSize))
        file.append(UInt16(2))  // program headers
        file.append(UInt16(0))
        file.append(UInt16(0))
        file.append(UInt16(0))

        // PT_LOAD: the whole file, readable and executable, never writable.
        file.append(UInt32(1))
        file.append(UInt32(5))
        for number in [0, loadAddress, loadAddress, size, size, 0x1000] { file.append(number) }

        // PT_GNU_STACK: a stack that can't be executed.
        file.append(UInt32(0x6474_e551))
        file.append(UInt32(6))
        for number in [0, 0, 0, 0, 0, 16] as [UInt64] { file.append(number) }

        file.append(code)
        return file.bytes
    }
}

/// Numbers as both machines have them in memory.
struct LittleEndianBytes {
    private(set) var bytes: [UInt8] = []

    mutating func append(_ number: some FixedWidthInteger) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func append(_ more: [UInt8]) { bytes += more }
}
