import ObjectModel

/// The form an answer takes, chosen from the `Accept` header.
struct AnswerForm: Sendable, Equatable {
    var encoding = Encoding.json
    var shape = Shape.object

    /// What becomes of the object before it is encoded.
    enum Shape: Sendable, Equatable {
        case object

        /// `as=Table`: rows and columns made by the server, under `meta.k8s.io/VERSION`.
        case table(version: String)

        /// `as=PartialObjectMetadata`: metadata alone.
        case partialMetadata(version: String)

        /// `as=PartialObjectMetadataList`
        case partialMetadataList(version: String)
    }

    static let json = AnswerForm()

    /// What an endpoint can answer.
    struct Endpoint: Sendable {
        /// Whether its objects have a protobuf form, which custom resources haven't.
        var hasProtobuf = true
        var hasTable = true

        /// Whether metadata alone is something to ask for.
        var hasMetadata = true
        var isStream = false

        func serves(_ encoding: Encoding) -> Bool {
            switch encoding {
            case .protobuf: hasProtobuf
            case .yaml: !isStream
            case .json, .cbor: true
            }
        }

        /// As upstream names them. CBOR isn't among them: upstream reads and writes it behind a gate.
        var mediaTypes: [String] {
            let encodings: [Encoding] = hasProtobuf ? [.json, .yaml, .protobuf] : [.json, .yaml]
            return encodings.filter(serves).map { isStream ? $0.rawValue + ";stream=watch" : $0.rawValue }
        }
    }

    /// Picks the first form that can be served, in the order of the client's wishes. 406 where there is none.
    static func negotiate(_ accept: String, _ endpoint: Endpoint = Endpoint()) throws(APIError) -> AnswerForm {
        if accept.isEmpty || accept == "application/json" || accept == "*/*" { return .json }
        for clause in AcceptClause.parse(accept) {
            for encoding in [Encoding.json, .yaml, .protobuf, .cbor] where endpoint.serves(encoding) && clause.names(encoding, endpoint) {
                if let form = AnswerForm(clause, encoding, endpoint) { return form }
            }
        }
        throw .notAcceptable(endpoint.mediaTypes)
    }

    private init?(_ clause: AcceptClause, _ encoding: Encoding, _ endpoint: Endpoint) {
        self.encoding = encoding
        if let stream = clause.parameters["stream"], stream != "watch" { return nil }
        guard let kind = clause.parameters["as"] else { return }
        let version = String(clause.parameters["v"] ?? "")
        guard clause.parameters["g"] == "meta.k8s.io", version == "v1" || version == "v1beta1" else { return nil }
        switch kind {
        case "Table":
            guard endpoint.hasTable, encoding != .protobuf else { return nil }
            shape = .table(version: version)
        case "PartialObjectMetadata" where endpoint.hasMetadata: shape = .partialMetadata(version: version)
        case "PartialObjectMetadataList" where endpoint.hasMetadata: shape = .partialMetadataList(version: version)
        default: return nil
        }
    }

    init(encoding: Encoding = .json, shape: Shape = .object) {
        self.encoding = encoding
        self.shape = shape
    }
}

extension AcceptClause {
    fileprivate func names(_ encoding: Encoding, _ endpoint: AnswerForm.Endpoint) -> Bool {
        matches(encoding.rawValue) || (encoding == .cbor && endpoint.isStream && type == Encoding.cborSequence)
    }
}

extension ServedResource {
    /// What its own paths answer.
    func endpoint(isStream: Bool = false) -> AnswerForm.Endpoint {
        AnswerForm.Endpoint(hasProtobuf: definition.type.content.hasProtobuf, isStream: isStream)
    }
}
