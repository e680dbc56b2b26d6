/// An amount of a resource, such as `500m` of a CPU or `2Gi` of memory: upstream's `resource.Quantity`.
///
/// Exact: a whole number of billionths in 128 bits, which is finer than any suffix and reaches beyond 10²⁹. Equality and order are those of the
/// amount; how it was written (`format`) only decides how it is written again.
public struct Quantity: Sendable {
    /// The amount in units of 10⁻⁹.
    public private(set) var nanos: Int128
    public private(set) var format: Format

    /// The family of suffixes that a quantity was written with.
    public enum Format: String, Sendable {
        /// `12e6`
        case decimalExponent = "DecimalExponent"

        /// `12Mi`
        case binarySI = "BinarySI"

        /// `12M`
        case decimalSI = "DecimalSI"
    }

    public static let zero = Quantity(nanos: 0, .decimalSI)

    static let nanosPerUnit: Int128 = 1_000_000_000

    init(nanos: Int128, _ format: Format) {
        self.nanos = nanos
        self.format = format
    }

    public init(_ value: Int64, format: Format = .decimalSI) { self.init(nanos: Int128(value) * Self.nanosPerUnit, format) }

    public init(milli: Int64, format: Format = .decimalSI) { self.init(nanos: Int128(milli) * 1_000_000, format) }

    public var isZero: Bool { nanos == 0 }

    /// Whole units, rounded away from zero, as upstream's `Value()`; at most what an `Int64` holds.
    public var value: Int64 { scaled(to: Self.nanosPerUnit) }

    /// Thousandths, rounded away from zero, as upstream's `MilliValue()`.
    public var milliValue: Int64 { scaled(to: 1_000_000) }

    private func scaled(to unit: Int128) -> Int64 {
        let (quotient, remainder) = nanos.quotientAndRemainder(dividingBy: unit)
        return Int64(clamping: quotient + remainder.signum())
    }
}

// MARK: - Arithmetic

extension Quantity: Comparable, Hashable {
    public static func == (left: Quantity, right: Quantity) -> Bool { left.nanos == right.nanos }
    public static func < (left: Quantity, right: Quantity) -> Bool { left.nanos < right.nanos }
    public func hash(into hasher: inout Hasher) { hasher.combine(nanos) }

    /// Keeps the left side's format, unless the left side is zero. Stops at the largest amount that can be held.
    public static func + (left: Quantity, right: Quantity) -> Quantity {
        let (sum, overflow) = left.nanos.addingReportingOverflow(right.nanos)
        return Quantity(nanos: overflow ? (right.nanos > 0 ? .max : .min) : sum, left.isZero ? right.format : left.format)
    }

    public static func - (left: Quantity, right: Quantity) -> Quantity {
        let (difference, overflow) = left.nanos.subtractingReportingOverflow(right.nanos)
        return Quantity(nanos: overflow ? (right.nanos > 0 ? .min : .max) : difference, left.isZero ? right.format : left.format)
    }

    public static func += (left: inout Quantity, right: Quantity) { left = left + right }
    public static func -= (left: inout Quantity, right: Quantity) { left = left - right }

    public static prefix func - (quantity: Quantity) -> Quantity { Quantity(nanos: 0 &- quantity.nanos, quantity.format) }
}

// MARK: - Writing

extension Quantity: CustomStringConvertible {
    /// The canonical form: no fraction, the largest suffix that loses nothing, a sign only where negative.
    public var description: String {
        if isZero { return "0" }
        let kibi = 1024 * Self.nanosPerUnit
        // Small or fractional amounts would lose precision, or confuse, in powers of two.
        if format == .binarySI, nanos <= -kibi || nanos >= kibi, nanos % Self.nanosPerUnit == 0 { return binary }
        return decimal
    }

    private static let binarySuffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]
    private static let decimalSuffixes = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"]

    private var binary: String {
        var mantissa = nanos / Self.nanosPerUnit
        var step = 0
        while step < Self.binarySuffixes.count - 1, mantissa % 1024 == 0 {
            mantissa /= 1024
            step += 1
        }
        return "\(mantissa)\(Self.binarySuffixes[step])"
    }

    private var decimal: String {
        var mantissa = nanos
        var step = 0
        // `E` is the largest suffix; exponents go on.
        let steps = format == .decimalExponent ? Int.max : Self.decimalSuffixes.count - 1
        while step < steps, mantissa % 1000 == 0 {
            mantissa /= 1000
            step += 1
        }
        if format == .decimalSI || format == .binarySI { return "\(mantissa)\(Self.decimalSuffixes[step])" }
        let exponent = step * 3 - 9
        return exponent == 0 ? "\(mantissa)" : "\(mantissa)e\(exponent)"
    }
}

extension Value {
    public init(_ quantity: Quantity) { self = .string(quantity.description) }
}
