import Testing

@testable import APIServer

@Suite("Lending of seats") struct SeatAllocationTests {
    private static func level(
        _ nominal: Int, lendable: Int = 0, borrowing: Int = 1000, peak: Int = 0, demand: Double = 0, isExempt: Bool = false
    ) -> SeatAllocation.Level {
        .init(isExempt: isExempt, nominal: nominal, lower: nominal - lendable, upper: nominal + borrowing, peak: peak, demand: demand)
    }

    @Test("who needs more gets what the others lend and do not use") func borrowing() {
        let allocation = SeatAllocation([
            Self.level(100, lendable: 50, peak: 300, demand: 250), Self.level(100, lendable: 90), Self.level(100, lendable: 20),
        ])
        #expect(allocation.seats.reduce(0, +) == 300)
        #expect(allocation.seats[0] > 180)
        #expect(allocation.seats[1] >= 10 && allocation.seats[2] >= 80)
    }

    @Test("nobody lends what it needs itself, nor more than it is to lend") func lending() {
        let levels = [Self.level(100, lendable: 50, peak: 500, demand: 500), Self.level(100, lendable: 90, peak: 60, demand: 40), Self.level(100)]
        let allocation = SeatAllocation(levels)
        #expect(allocation.seats[1] >= 60 && allocation.seats[2] == 100)
        #expect(allocation.seats[0] <= 140)
    }

    @Test("nobody borrows more than it may") func bounds() {
        let allocation = SeatAllocation([Self.level(100, borrowing: 25, peak: 500, demand: 500), Self.level(100, lendable: 100)])
        #expect(allocation.seats == [125, 75], "what nobody wants is not left lying")
        let none = SeatAllocation([Self.level(100, borrowing: 0, peak: 500, demand: 500), Self.level(100, lendable: 100)])
        #expect(none.seats == [100, 100])
    }

    @Test("of what two borrowers want both get the same part") func fairness() {
        let allocation = SeatAllocation([
            Self.level(10, peak: 300, demand: 300), Self.level(10, peak: 100, demand: 100), Self.level(380, lendable: 380),
        ])
        #expect(allocation.seats == [300, 100, 0] && allocation.fraction.rounded() == 1)
        let scarce = SeatAllocation([Self.level(10, peak: 600, demand: 600), Self.level(10, peak: 200, demand: 200), Self.level(380, lendable: 380)])
        #expect(scarce.seats == [300, 100, 0])
    }

    @Test("what an exempt level uses of its own is not there for others") func exempt() {
        let levels = [Self.level(50, lendable: 50, peak: 30, isExempt: true), Self.level(50, peak: 200, demand: 200)]
        #expect(SeatAllocation(levels).seats == [30, 70])
    }

    @Test("who needs all of its own has that") func ownSeats() {
        let levels = [Self.level(0, peak: 5, isExempt: true), Self.level(10, lendable: 5, peak: 10), Self.level(10, lendable: 5, peak: 10)]
        #expect(SeatAllocation(levels).seats == [0, 10, 10])
    }

    @Test("demand is an average over time with its deviation, and the highest there was") func demand() {
        let second = 1_000_000_000
        var demand = SeatDemand(0, at: 0)
        demand.change(to: 10, at: 5 * second)
        demand.change(to: 30, at: 10 * second)
        demand.change(to: 10, at: 10 * second)
        let seen = demand.observe(at: 10 * second)
        #expect(seen == .init(average: 5, deviation: 5, peak: 30))
        let later = demand.observe(at: 20 * second)
        #expect(later == .init(average: 10, deviation: 0, peak: 10))
    }
}
