import ObjectModel

/// The rules of `metav1.Condition`, which kinds of late use for their conditions.
extension Field {
    private static var reasonMax: Int { 1024 }
    private static var messageMax: Int { 32 * 1024 }

    /// The conditions at `conditions` of this status.
    func standardConditions() {
        var types = Names()
        for condition in elements("conditions") {
            types.insertUnique(condition["type"])
            for problem in Validation.qualifiedName(condition.text("type")) { condition["type"].refuse(.string(condition.text("type")), problem) }
            condition["status"].mustBeOneOf(["False", "True", "Unknown"])
            if condition["observedGeneration"].number < 0 { condition["observedGeneration"].refuse("must be greater than or equal to zero") }
            condition["lastTransitionTime"].require("must be set")
            let (reason, message) = (condition["reason"], condition["message"])
            if reason.require("must be set") {
                reason.matches(Validation.conditionReason)
                if reason.text.utf8.count > Self.reasonMax { reason.tooLong(max: Self.reasonMax) }
            }
            if message.text.utf8.count > Self.messageMax { message.tooLong(max: Self.messageMax) }
        }
    }
}

extension Validation {
    /// A word such as `MinimumReplicasAvailable`.
    static func conditionReason(_ value: String) -> [String] {
        func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) }
        func isWord(_ byte: UInt8) -> Bool {
            isLetter(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "_")
        }
        let bytes = Array(value.utf8)
        let isReason =
            bytes.first.map(isLetter) ?? false && bytes.last.map(isWord) ?? false
            && bytes.allSatisfy { isWord($0) || $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: ":") }
        if isReason { return [] }
        return [
            "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must "
                + "end with an alphanumeric character or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',  or "
                + "'ReasonA:ReasonB', regex used for validation is '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?')"
        ]
    }
}
