import ObjectModel
import TestSupport
import Testing

@Suite struct QuantityTests {
    @Test(arguments: [
        ("0", "0"), ("0n", "0"), ("0.000", "0"), ("0Ki", "0"), ("1", "1"), ("+1", "1"), ("-1", "-1"), ("100m", "100m"), ("0.1", "100m"),
        ("0.5", "500m"),
        ("1500m", "1500m"), ("1000m", "1"), ("1.5", "1500m"), ("1000", "1k"), ("100000", "100k"), ("1024Mi", "1Gi"), ("1.5Gi", "1536Mi"),
        ("1Ei", "1Ei"),
        ("100Ki", "100Ki"), ("0.5Ki", "512"), ("1000Ki", "1000Ki"), ("1023Mi", "1023Mi"), ("2048Ki", "2Mi"), ("1e3", "1e3"), ("1E3", "1e3"),
        ("12e6", "12e6"),
        ("1e-3", "1e-3"), ("100e-1", "10"), ("1E", "1E"), ("0.1n", "1n"), ("1.5n", "2n"), ("-1.5n", "-2n"), ("0.0000000001Ki", "103n"),
        (".5", "500m"), ("1.", "1"),
        ("5G", "5G"), ("8Ei", "9223372036854775807"), ("12345678901234567890", "12345678901234567890"), ("1P", "1P"), ("1000P", "1E"),
        ("5000E", "5000E"),
        ("0.25Gi", "256Mi"), ("1.1Ki", "1126400m"), ("m", "0"), ("-", "0"), (".", "0"),
    ])
    func `writes the canonical form of what it read`(text: String, canonical: String) throws {
        #expect(try Quantity(text).description == canonical)
    }

    @Test(arguments: ["", "foo", "1.1.M", "1+1.0M", "0.1mi", "0.1am", "aoeu", ".5i", "1i", "-3.01i", "-3.01e-", " 1", "1 ", "1e", "1Kim", "１"])
    func `refuses what is not a quantity`(text: String) {
        #expect(throws: Quantity.ParseError.self) { try Quantity(text) }
    }

    @Test func `tells upstream's reason`() {
        let shape = #"quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"#
        #expect(Quantity.ParseError.format.description == shape)
        #expect(throws: Quantity.ParseError.format) { try Quantity("abc") }
        #expect(throws: Quantity.ParseError.suffix) { try Quantity("1i") }
        #expect(throws: Quantity.ParseError.numeric) { try Quantity("Ei") }
    }

    @Test func `rounds values away from zero`() throws {
        #expect(try Quantity("1500m").value == 2)
        #expect(try Quantity("-1500m").value == -2)
        #expect(try Quantity("1n").milliValue == 1)
        #expect(try Quantity("2Gi").value == 2_147_483_648)
        #expect(try Quantity("250m").milliValue == 250)
        #expect(try Quantity("1e30").value == .max)
    }

    @Test func `compares and hashes amounts, not how they are written`() throws {
        #expect(try Quantity("1000m") == Quantity("1"))
        #expect(try Set([Quantity("1024Ki"), Quantity("1Mi")]).count == 1)
        #expect(try Quantity("999m") < Quantity("1"))
        #expect(try Quantity("-1") < Quantity("0"))
    }

    @Test func `adds and subtracts exactly and keeps the left side's format`() throws {
        #expect(try (Quantity("100m") + Quantity("0.2")).description == "300m")
        #expect(try (Quantity("1Gi") + Quantity("1Mi")).description == "1025Mi")
        #expect(try (Quantity("0") + Quantity("1Mi")).description == "1Mi")
        #expect(try (Quantity("1") - Quantity("1n")).description == "999999999n")
        #expect(try (Quantity("1Ki") - Quantity("2Ki")).description == "-1Ki")
    }

    @Test func `reads strings and numbers of an object`() throws {
        #expect(try Quantity(Value(" 5Mi ")) == Quantity("5Mi"))
        #expect(try Quantity(Value(5)) == Quantity("5"))
        #expect(try Quantity(Value.number(0.5)) == Quantity("500m"))
        #expect(try Quantity(Value.null) == .zero)
        #expect(throws: Quantity.ParseError.self) { try Quantity(Value.bool(true)) }
    }

    @Test func `its canonical form reads as the same amount`() throws {
        var dice = Dice(seed: 1)
        let suffixes = ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "e3", "e-3", "E2"]
        for _ in 0..<5_000 {
            let fraction = dice.chance(3) ? ".\(dice.roll(100_000))" : ""
            let text = "\(dice.chance(4) ? "-" : "")\(dice.roll(1 << 20))\(fraction)\(dice.pick(suffixes))"
            let quantity = try Quantity(text)
            let again = try Quantity(quantity.description)
            #expect(again == quantity, "\(text)")
            #expect(again.description == quantity.description, "\(text)")
        }
    }
}
