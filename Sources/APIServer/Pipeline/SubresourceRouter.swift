import ClusterClient
import ObjectModel

/// What subresources and resources without storage do. Those that it does not know are written like their object (`status`, `finalize`, …).
struct SubresourceRouter: Sendable {
    /// Answers the reviews of authentication and authorization: a body in, the same with its status out.
    let reviews: @Sendable (RequestInfo, Value, UserInfo) throws(APIError) -> Value

    /// Signs a service account's token: (service account, `TokenRequest`) → `TokenRequest` with its status.
    let issueToken: @Sendable (Value, Value) throws(APIError) -> Value

    /// Takes `log`, `exec`, `attach`, `portforward` and `proxy` to the node, pod or service.
    let connect: @Sendable (RequestInfo, HTTPRequest, UserInfo) throws(APIError) -> Outcome

    /// `ComponentStatus` objects.
    let components: @Sendable () -> [Value]

    // MARK: Subresources

    func route(
        _ info: RequestInfo, _ request: HTTPRequest, _ user: UserInfo, _ resource: ServedResource, _ router: ResourceRouter
    ) throws(APIError) -> Outcome? {
        let api = request.api
        switch (info.subresource, info.verb) {
        case ("log", _), ("exec", _), ("attach", _), ("portforward", _), ("proxy", _): return try connect(info, request, user)
        case ("scale", "get"):
            let bytes = try ScaleHandler(resource: resource, writer: router.writer(resource)).get(info.name, info.namespace)
            let form = try AnswerForm.negotiate(api.accept)
            return .respond(try Presenter(now: router.environment.now()).scale(ResourceWriter.Written(bytes: bytes), form, api))
        case ("scale", _): return try scale(info, api, user, resource, router)
        case ("binding", "create"): return .wait { await bind(info, api, user, resource, router, name: info.name) }
        case ("eviction", "create"): return .wait { await evict(info, api, user, resource, router) }
        case ("token", "create"): return .wait { token(info, api, resource) }
        case (_, "get"):
            var main = info
            main.subresource = ""
            let reader = ResourceReader(resource: resource, revision: router.registry.revision, presenter: Presenter(now: router.environment.now()))
            return .respond(try reader.get(main, api))
        default: return nil
        }
    }

    private func scale(
        _ info: RequestInfo, _ request: APIRequest, _ user: UserInfo, _ resource: ServedResource, _ router: ResourceRouter
    ) throws(APIError) -> Outcome {
        let options = try WriteOptions(request)
        let context = router.context(info, user, isDryRun: options.isDryRun, fieldManager: options.fieldManager, isApply: options.isApply)
        let handler = ScaleHandler(resource: resource, writer: router.writer(resource))
        let form = try AnswerForm.negotiate(request.accept)
        let write: @Sendable () async throws(APIError) -> ResourceWriter.Written
        if options.isApply {
            let patch = try ApplyPatch(request, isForced: options.isForced)
            write = { () throws(APIError) in try await handler.apply(patch, info.name, options, context) }
        } else {
            let isPatch = info.verb == "patch"
            let change = ScaleChange(body: isPatch ? nil : try RequestBody.parse(request), patch: isPatch ? try PatchBody(request) : nil)
            write = { () throws(APIError) in try await handler.update(info.name, change, options, context) }
        }
        return .wait {
            do throws(APIError) {
                return try Presenter(now: router.environment.now()).scale(try await write(), form, request)
            } catch {
                return Presenter.failure(error)
            }
        }
    }

    private func bind(
        _ info: RequestInfo, _ request: APIRequest, _ user: UserInfo, _ pods: ServedResource, _ router: ResourceRouter, name: String
    ) async -> HTTPResponse {
        do throws(APIError) {
            let binding = try RequestBody.parse(request).value
            let options = try WriteOptions(request)
            let handler = BindingHandler(pods: pods, writer: router.writer(pods), environment: router.environment)
            try await handler.bind(
                binding, name: name.isEmpty ? binding.name : name, options, router.context(info, user, isDryRun: options.isDryRun))
            return Self.success(201)
        } catch {
            return Presenter.failure(error)
        }
    }

    private func evict(
        _ info: RequestInfo, _ request: APIRequest, _ user: UserInfo, _ pods: ServedResource, _ router: ResourceRouter
    ) async -> HTTPResponse {
        do throws(APIError) {
            guard let budgets = router.registry.resource(group: "policy", version: "v1", plural: "poddisruptionbudgets") else {
                throw ResourceRouter.unknownPath
            }
            let handler = EvictionHandler(
                pods: pods, budgets: budgets, deleter: router.deleter(pods), budgetWriter: router.writer(budgets), podWriter: router.writer(pods))
            try await handler.evict(try RequestBody.parse(request).value, name: info.name, request, router.context(info, user))
            return Self.success(201)
        } catch {
            return Presenter.failure(error)
        }
    }

    private func token(_ info: RequestInfo, _ request: APIRequest, _ accounts: ServedResource) -> HTTPResponse {
        do throws(APIError) {
            guard let account = accounts.collection.find(accounts.key(namespace: info.namespace, name: info.name)) else {
                throw accounts.notFound(info.name)
            }
            let answer = try issueToken(try account.value(), try RequestBody.parse(request).value)
            return HTTPResponse(status: 201, body: [answer.canonicalJSON()])
        } catch {
            return Presenter.failure(error)
        }
    }

    private static func success(_ code: Int) -> HTTPResponse {
        Presenter.status(["kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "code": Value(code)], code: code)
    }

    // MARK: Resources without storage

    private static let virtual: Set<String> = [
        "bindings", "componentstatuses", "tokenreviews", "selfsubjectreviews", "localsubjectaccessreviews", "selfsubjectaccessreviews",
        "selfsubjectrulesreviews", "subjectaccessreviews",
    ]

    func isVirtual(_ resource: ServedResource) -> Bool { Self.virtual.contains(resource.plural) }

    func routeVirtual(
        _ info: RequestInfo, _ request: HTTPRequest, _ user: UserInfo, _ resource: ServedResource, _ router: ResourceRouter
    ) throws(APIError) -> Outcome {
        let api = request.api
        switch resource.plural {
        case "bindings":
            guard let pods = router.registry.resource(group: "", version: "v1", plural: "pods") else { throw ResourceRouter.unknownPath }
            return .wait { await bind(info, api, user, pods, router, name: "") }
        case "componentstatuses":
            return .respond(try componentStatuses(info, api, resource, Presenter(now: router.environment.now())))
        default:
            let answer = try reviews(info, try RequestBody.parse(api).value, user)
            return .respond(HTTPResponse(status: 201, body: [answer.canonicalJSON()]))
        }
    }
}

extension SubresourceRouter {
    /// Deprecated since 1.19, but still the first thing that some look at.
    private func componentStatuses(
        _ info: RequestInfo, _ request: APIRequest, _ resource: ServedResource, _ presenter: Presenter
    ) throws(APIError) -> HTTPResponse {
        let objects = components().map { StoredObject(key: $0.name, revision: 0, bytes: $0.canonicalJSON(), fieldsOf: { _ in [:] }) }
        let form = try AnswerForm.negotiate(request.accept, resource.endpoint())
        if info.name.isEmpty { return try presenter.list(ResourceReader.Page(objects: objects, revision: 0), form, resource, request) }
        guard let object = objects.first(where: { $0.key == info.name }) else { throw resource.notFound(info.name) }
        return try presenter.object(object.bytes, form, resource, request)
    }
}
