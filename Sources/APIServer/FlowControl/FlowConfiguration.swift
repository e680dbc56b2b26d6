import ObjectModel

/// All flow schemas in the order in which they are asked, each with its priority level: what one request is classified by.
final class FlowConfiguration: Sendable {
    let schemas: [FlowControl.Pass]
    let levels: [PriorityLevel]

    init(schemas: [FlowSchema] = [], levels: [String: (level: PriorityLevel, uid: String)] = [:]) {
        self.levels = levels.values.map(\.level).sorted { $0.name < $1.name }
        // A schema whose level is missing counts for nothing.
        self.schemas = schemas.sorted { ($0.precedence, $0.name) < ($1.precedence, $1.name) }.compactMap { schema in
            levels[schema.levelName].map { level, uid in
                FlowControl.Pass(schema: schema, level: level, levelUID: uid, seatsMax: level.settings.seatsOfRequestMax)
            }
        }
    }

    /// The first schema that the request matches. The last is for everything.
    func classify(_ info: RequestInfo, _ user: UserInfo) -> FlowControl.Pass? {
        for pass in schemas where pass.schema.matches(info, user) { return pass }
        return nil
    }

    /// What is in force even where nothing is stored, or someone has deleted it: upstream's mandatory objects.
    static let mandatorySchemas: [Value] = ["exempt", "catch-all"].map { name in
        [
            "metadata": ["name": .string(name)],
            "spec": [
                "priorityLevelConfiguration": ["name": .string(name)], "matchingPrecedence": name == "exempt" ? 1 : 10_000,
                "distinguisherMethod": name == "exempt" ? nil : ["type": "ByUser"],
                "rules": [
                    [
                        "subjects": .array(
                            (name == "exempt" ? ["system:masters"] : ["system:unauthenticated", "system:authenticated"]).map {
                                ["kind": "Group", "group": ["name": .string($0)]]
                            }),
                        "resourceRules": [
                            ["verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "namespaces": ["*"], "clusterScope": true]
                        ],
                        "nonResourceRules": [["verbs": ["*"], "nonResourceURLs": ["*"]]],
                    ]
                ],
            ],
        ]
    }

    static let mandatoryLevels: [Value] = [
        ["metadata": ["name": "exempt"], "spec": ["type": "Exempt"]],
        [
            "metadata": ["name": "catch-all"],
            "spec": ["type": "Limited", "limited": ["nominalConcurrencyShares": 5, "limitResponse": ["type": "Reject"]]],
        ],
    ]

    /// The levels' settings: each has its share of all seats, rounded up, and lends and borrows parts of that, rounded.
    static func settings(_ levels: [String: Value], seats: Int) -> [String: PriorityLevel.Settings] {
        func shares(_ level: Value) -> Int64 {
            let isExempt = level["spec"]["type"].string == "Exempt"
            return max(0, level["spec"][isExempt ? "exempt" : "limited"]["nominalConcurrencyShares"].integer ?? (isExempt ? 0 : 30))
        }
        let all = max(1, levels.values.reduce(0) { $0 + shares($1) })
        return levels.mapValues { level in
            let (own, rest) = (shares(level) * Int64(seats)).quotientAndRemainder(dividingBy: all)
            let response = level["spec"]["limited"]["limitResponse"]
            let isExempt = level["spec"]["type"].string == "Exempt"
            let nominal = rest > 0 ? own + 1 : own
            func part(_ percent: Int64) -> Int { Int((Double(nominal) * Double(percent) / 100).rounded()) }
            let lendable = level["spec"][isExempt ? "exempt" : "limited"]["lendablePercent"].integer ?? 0
            // Without a bound a level may borrow all that others lend.
            let borrowed = level["spec"]["limited"]["borrowingLimitPercent"].integer.map(part) ?? seats
            return PriorityLevel.Settings(
                seats: Int(nominal), seatsMin: Int(nominal) - part(lendable), seatsMax: Int(nominal) + borrowed, isExempt: isExempt,
                queuing: response["type"].string == "Queue" ? queuing(response["queuing"]) : nil, allSeats: seats)
        }
    }

    private static func queuing(_ queuing: Value) -> PriorityLevel.Settings.Queuing {
        PriorityLevel.Settings.Queuing(
            queues: Int(queuing["queues"].integer ?? 64), handSize: Int(queuing["handSize"].integer ?? 8),
            lengthMax: Int(queuing["queueLengthLimit"].integer ?? 50))
    }
}
