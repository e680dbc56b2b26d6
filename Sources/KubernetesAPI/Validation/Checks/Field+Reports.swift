import ObjectModel

/// Reports on the field itself: that something is wrong is known already.
extension Field {
    func missing(_ detail: String = "") { findings.report(.required(path, detail)) }

    func refuse(_ detail: String) { findings.report(.invalid(path, value, detail)) }

    /// Refuses while showing another value than the field's own.
    func refuse(_ shown: Value, _ detail: String) { findings.report(.invalid(path, shown, detail)) }

    func forbid(_ detail: String) { findings.report(.forbidden(path, detail)) }

    func duplicate() { findings.report(.duplicate(path, value)) }

    func duplicate(_ shown: Value) { findings.report(.duplicate(path, shown)) }

    func notFound() { findings.report(.notFound(path, value)) }

    /// Not found, or there already, and more to say of that.
    func report(_ error: FieldError, _ detail: String) {
        findings.report(FieldError(error.kind, error.path, "\(error.message): \(detail)"))
    }

    func unsupported(_ supported: [String]) { findings.report(.notSupported(path, value.isNull ? "" : value, supported)) }

    func tooLong(max: Int) { findings.report(.tooLong(path, max: max)) }

    func tooMany(_ count: Int, max: Int) { findings.report(.tooMany(path, count: count, max: max)) }
}

/// The words that many rules share.
enum Words {
    static let immutable = "field is immutable"
    static let notNegative = "must be greater than or equal to 0"
    static let positive = "must be greater than zero"
    static let integer = "must be an integer"
    static let taintEffects = ["NoSchedule", "PreferNoSchedule", "NoExecute"]
    static let int32Max: Int64 = 2_147_483_647
}
