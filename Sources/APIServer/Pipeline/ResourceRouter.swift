import ClusterClient
import KubernetesAPI
import NIOHTTP1
import ObjectModel
import Storage

/// Takes an authorized resource request to what answers it.
struct ResourceRouter: Sendable {
    let registry: ResourceRegistry
    let store: any Store
    let admission: Admission
    let authorizer: any Authorizer
    let environment: Environment
    let deadlines: Deadlines
    let subresources: SubresourceRouter

    func route(_ info: RequestInfo, _ request: HTTPRequest, _ user: UserInfo) throws(APIError) -> Outcome {
        guard let resource = registry.resource(group: info.group, version: info.version, plural: info.resource) else { throw Self.unknownPath }
        guard let deprecation = resource.definition.deprecation else { return try route(info, request, user, resource) }
        do {
            return Self.outcome(try route(info, request, user, resource), with: WarningHeaders([deprecation]).headers)
        } catch {
            return Self.outcome(.respond(Presenter.failure(error)), with: WarningHeaders([deprecation]).headers)
        }
    }

    private func route(_ info: RequestInfo, _ request: HTTPRequest, _ user: UserInfo, _ resource: ServedResource) throws(APIError) -> Outcome {
        try check(info, resource)
        try checkForm(info, request.api, resource)
        if !info.subresource.isEmpty, let outcome = try subresources.route(info, request, user, resource, self) { return outcome }
        if subresources.isVirtual(resource) { return try subresources.routeVirtual(info, request, user, resource, self) }
        let revision = registry.revision
        let presenter = Presenter(now: environment.now())
        switch info.verb {
        case "get": return .respond(try ResourceReader(resource: resource, revision: revision, presenter: presenter).get(info, request.api))
        case "list": return .respond(try ResourceReader(resource: resource, revision: revision, presenter: presenter).list(info, request.api))
        case "watch":
            return try WatchHandler(resource: resource, revision: revision, presenter: presenter, deadlines: deadlines).watch(info, request.api)
        default: return try write(info, request, user, resource)
        }
    }

    /// An answer with further headers.
    private static func outcome(_ outcome: Outcome, with headers: HTTPHeaders) -> Outcome {
        @Sendable func marked(_ response: HTTPResponse) -> HTTPResponse {
            var response = response
            response.headers.add(contentsOf: headers)
            return response
        }
        switch outcome {
        case .respond(let response): return .respond(marked(response))
        case .wait(let answer): return .wait { marked(await answer()) }
        case .stream(var head, let begin):
            head.headers.add(contentsOf: headers)
            return .stream(head, begin)
        case .tunnel, .forward, .deferred: return outcome
        }
    }

    static let methodNotAllowed = APIError(
        .methodNotAllowed, "the server does not allow this method on the requested resource", details: .init(causes: []))
    static let unknownPath = APIError(.notFound, "the server could not find the requested resource", details: .init(causes: []))

    /// The declaration says what the resource can do.
    private func check(_ info: RequestInfo, _ resource: ServedResource) throws(APIError) {
        let verbs: [String]
        if info.subresource.isEmpty {
            verbs = resource.definition.verbs
        } else {
            guard let subresource = resource.definition.subresource(info.subresource) else { throw Self.unknownPath }
            verbs = subresource.verbs
        }
        let mayFollow = verbs.contains(info.verb) || (info.verb == "watch" && verbs.contains("list")) || Self.leadsElsewhere(info)
        guard try Self.isPlaced(info, resource), mayFollow else {
            throw Self.methodNotAllowed
        }
    }

    /// Whether the path is one that the verb goes to: creations go to the collection, replacements and patches to an object, and objects of a namespace
    /// are only listed and watched from above it.
    private static func isPlaced(_ info: RequestInfo, _ resource: ServedResource) throws(APIError) -> Bool {
        if resource.definition.isNamespaced {
            if info.namespace.isEmpty, !info.name.isEmpty || !resource.definition.verbs.contains("list") { throw unknownPath }
            if info.namespace.isEmpty, !["list", "watch"].contains(info.verb) { return false }
        } else if !info.namespace.isEmpty, info.resource != "namespaces" {
            throw unknownPath
        }
        guard info.subresource.isEmpty else { return true }
        return info.verb == "create" ? info.name.isEmpty : !(info.name.isEmpty && ["update", "patch"].contains(info.verb))
    }

    /// Whether what answers is another's, which knows its methods: anything may be asked of a proxy, and commands and ports are opened by a read too.
    private static func leadsElsewhere(_ info: RequestInfo) -> Bool {
        info.subresource == "proxy" || (["exec", "attach", "portforward"].contains(info.subresource) && ["get", "create"].contains(info.verb))
    }

    /// Subresources that lead elsewhere, where the media type is the other end's.
    private static let connections: Set<String> = ["exec", "attach", "portforward", "proxy", "log"]

    /// 406 before anything is done, where the answer couldn't be given. Reads and writes of the objects themselves see to it on their own.
    private func checkForm(_ info: RequestInfo, _ request: APIRequest, _ resource: ServedResource) throws(APIError) {
        guard !info.subresource.isEmpty || subresources.isVirtual(resource), !Self.connections.contains(info.subresource) else { return }
        let hasTable = info.subresource == "status" || info.subresource == "scale"
        _ = try AnswerForm.negotiate(request.accept, AnswerForm.Endpoint(hasProtobuf: resource.endpoint().hasProtobuf, hasTable: hasTable))
    }

    // MARK: Writing

    /// Without a `fieldManager` nobody comes to own what is written.
    func context(_ info: RequestInfo, _ user: UserInfo, isDryRun: Bool = false, fieldManager: String = "", isApply: Bool = false) -> WriteContext {
        let writer = FieldWriter(name: fieldManager, subresource: info.subresource, operation: isApply ? .apply : .update)
        return WriteContext(
            user: user, request: info, isDryRun: isDryRun, now: environment.now(), fieldWriter: fieldManager.isEmpty ? nil : writer)
    }

    func writer(_ resource: ServedResource) -> ResourceWriter {
        ResourceWriter(resource: resource, store: store, admission: admission, environment: environment)
    }

    func deleter(_ resource: ServedResource) -> ResourceDeleter { ResourceDeleter(resource: resource, store: store, admission: admission) }

    private func write(_ info: RequestInfo, _ request: HTTPRequest, _ user: UserInfo, _ resource: ServedResource) throws(APIError) -> Outcome {
        let form = try AnswerForm.negotiate(request.api.accept, resource.endpoint())
        let api = request.api
        switch info.verb {
        case "create": return .wait { await answer(form, resource, api) { () throws(APIError) in try await create(info, api, user, resource) } }
        case "update": return .wait { await answer(form, resource, api) { () throws(APIError) in try await update(info, api, user, resource) } }
        case "patch": return .wait { await answer(form, resource, api) { () throws(APIError) in try await patch(info, api, user, resource) } }
        case "delete": return .wait { await delete(info, api, user, resource, form) }
        case "deletecollection": return .wait { await deleteCollection(info, api, user, resource, form) }
        default: throw Self.methodNotAllowed
        }
    }

    /// Runs a write and puts what was written, or the failure, into the client's form.
    func answer(
        _ form: AnswerForm, _ resource: ServedResource, _ request: APIRequest, _ write: () async throws(APIError) -> ResourceWriter.Written
    ) async -> HTTPResponse {
        do throws(APIError) {
            let written = try await write()
            return try Presenter(now: environment.now()).object(
                written.bytes, form, resource, request, status: written.isCreated ? 201 : 200, warnings: written.warnings)
        } catch {
            return Presenter.failure(error)
        }
    }

    private func create(
        _ info: RequestInfo, _ request: APIRequest, _ user: UserInfo, _ resource: ServedResource
    ) async throws(APIError) -> ResourceWriter.Written {
        let options = try WriteOptions(request)
        let body = try RequestBody.parse(request, as: resource.definition)
        return try await writer(resource).create(body, options, context(info, user, isDryRun: options.isDryRun, fieldManager: options.fieldManager))
    }

    private func update(
        _ info: RequestInfo, _ request: APIRequest, _ user: UserInfo, _ resource: ServedResource
    ) async throws(APIError) -> ResourceWriter.Written {
        let options = try WriteOptions(request)
        let body = try RequestBody.parse(request, as: resource.definition)
        let context = context(info, user, isDryRun: options.isDryRun, fieldManager: options.fieldManager)
        return try await writer(resource).replace(name: info.name, by: body, options, context) { () throws(APIError) in
            try requireCreate(info, user)
        }
    }

    private func patch(
        _ info: RequestInfo, _ request: APIRequest, _ user: UserInfo, _ resource: ServedResource
    ) async throws(APIError) -> ResourceWriter.Written {
        let options = try WriteOptions(request)
        if options.isApply { return try await apply(info, request, user, resource, options) }
        let patch = try PatchBody(request)
        let context = context(info, user, isDryRun: options.isDryRun, fieldManager: options.fieldManager)
        return try await writer(resource).update(name: info.name, isPatch: true, options, context, patch: patch) { old throws(APIError) in
            guard let old else { throw resource.notFound(info.name) }
            return (try patch.apply(to: old, resource.definition.type), .none)
        }
    }

    private func apply(
        _ info: RequestInfo, _ request: APIRequest, _ user: UserInfo, _ resource: ServedResource, _ options: WriteOptions
    ) async throws(APIError) -> ResourceWriter.Written {
        let patch = try ApplyPatch(request, isForced: options.isForced)
        if options.fieldValidation == .strict { try patch.refuseRepeatedKeys() }
        let context = context(info, user, isDryRun: options.isDryRun, fieldManager: options.fieldManager, isApply: true)
        let writer = FieldWriter(name: options.fieldManager, subresource: info.subresource, operation: .apply)
        return try await self.writer(resource).update(name: info.name, isPatch: true, options, context) { old throws(APIError) in
            if old == nil { try requireCreate(info, user) }
            return (try patch.apply(to: old, resource, context, writer), patch.duplicates)
        }
    }

    /// Whoever creates an object by way of an update or an apply must be allowed to create it.
    private func requireCreate(_ info: RequestInfo, _ user: UserInfo) throws(APIError) {
        var info = info
        info.verb = "create"
        try authorizer.require(info.attributes(user))
    }

    private func delete(
        _ info: RequestInfo, _ request: APIRequest, _ user: UserInfo, _ resource: ServedResource, _ form: AnswerForm
    ) async -> HTTPResponse {
        do throws(APIError) {
            let options = try DeleteOptions(request)
            switch try await deleter(resource).delete(name: info.name, options, context(info, user, isDryRun: options.isDryRun)) {
            case .marked(let bytes):
                return try Presenter(now: environment.now()).object(bytes, form, resource, request, status: options.statusOfMarked)
            case .gone(let object, let bytes):
                if resource.definition.isShownWhenDeleted {
                    return try Presenter(now: environment.now()).object(bytes, form, resource, request)
                }
                return Presenter.status(
                    [
                        "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success",
                        "details": [
                            "name": .string(object.name), "group": resource.group.isEmpty ? nil : .string(resource.group),
                            "kind": .string(resource.plural), "uid": .string(object.uid),
                        ],
                    ], code: 200)
            }
        } catch {
            return Presenter.failure(error)
        }
    }

    private func deleteCollection(
        _ info: RequestInfo, _ request: APIRequest, _ user: UserInfo, _ resource: ServedResource, _ form: AnswerForm
    ) async -> HTTPResponse {
        do throws(APIError) {
            let options = try DeleteOptions(request)
            let presenter = Presenter(now: environment.now())
            let page = try ResourceReader(resource: resource, revision: registry.revision, presenter: presenter)
                .page(try ListOptions(request, resource, info))
            try await deleter(resource).deleteCollection(page.objects, options, context(info, user, isDryRun: options.isDryRun))
            return try presenter.list(page, form, resource, request)
        } catch {
            return Presenter.failure(error)
        }
    }
}
