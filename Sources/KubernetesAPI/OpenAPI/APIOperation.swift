import ObjectModel
import Schema

/// One method on one path of the API, as OpenAPI tells of it. Both versions of OpenAPI are written from these.
struct APIOperation {
    var path: String
    var method: String

    /// `x-kubernetes-action`: `list`, `get`, `post`, `put`, `patch`, `delete`, `deletecollection` or `connect`.
    var action: String
    var id: String
    var summary: String
    var tag: String
    var kind: KindReference
    var parameters: [APIParameter]
    var body: Body?
    var consumes: [String]
    var produces: [String]

    /// The full name of the answer's type; nil for plain text.
    var result: String?

    /// Besides 200.
    var statusCodes: [Int] = []

    enum Body {
        case type(String)
        case patch
    }

    struct KindReference {
        var group: String
        var version: String
        var kind: String

        var value: Value { ["group": .string(group), "version": .string(version), "kind": .string(kind)] }
    }
}

/// A parameter in a path or query.
struct APIParameter {
    var name: String
    var isInPath = false
    var type = "string"
    var summary: String
}

extension APIParameter {
    static let name = APIParameter(name: "name", isInPath: true, summary: "The object's name.")
    static let namespace = APIParameter(name: "namespace", isInPath: true, summary: "The namespace that the object is in.")
    static let subpath = APIParameter(name: "path", isInPath: true, summary: "The path to pass on.")
    static let pretty = APIParameter(name: "pretty", summary: "If \"true\", the answer is indented.")
    static let path = APIParameter(name: "path", summary: "The path to pass on to the proxied server.")

    static let create = [
        APIParameter(name: "dryRun", summary: "\"All\": go through every stage, but keep nothing."),
        APIParameter(name: "fieldManager", summary: "Who makes the change, as far as field ownership goes."),
        APIParameter(
            name: "fieldValidation", summary: "What to do about unknown and duplicate fields: \"Ignore\", \"Warn\" (the default) or \"Strict\"."),
    ]
    static let force = APIParameter(
        name: "force", type: "boolean", summary: "For apply: take fields over from other managers instead of failing with a conflict.")

    static let delete = [
        APIParameter(name: "dryRun", summary: "\"All\": go through every stage, but keep nothing."),
        APIParameter(name: "gracePeriodSeconds", type: "integer", summary: "Seconds until the object is removed; 0 at once."),
        APIParameter(
            name: "ignoreStoreReadErrorWithClusterBreakingPotential", type: "boolean",
            summary: "Remove the object even if it can't be read from storage."),
        APIParameter(name: "orphanDependents", type: "boolean", summary: "Old form of propagationPolicy: whether dependents are left behind."),
        APIParameter(name: "propagationPolicy", summary: "What becomes of dependents: \"Orphan\", \"Background\" or \"Foreground\"."),
    ]

    static let list = [
        APIParameter(name: "continue", summary: "Where to go on with a list, from the metadata of its last page."),
        APIParameter(name: "fieldSelector", summary: "Only objects whose fields match."),
        APIParameter(name: "labelSelector", summary: "Only objects whose labels match."),
        APIParameter(name: "limit", type: "integer", summary: "At most so many objects in a page."),
        APIParameter(name: "resourceVersion", summary: "The revision that the answer must be of, or at least as new as."),
        APIParameter(name: "resourceVersionMatch", summary: "How resourceVersion is meant: \"NotOlderThan\" or \"Exact\"."),
        APIParameter(name: "sendInitialEvents", type: "boolean", summary: "For a watch: begin with what there is, ended by a bookmark."),
        APIParameter(name: "shardSelector", summary: "Only objects of a shard."),
        APIParameter(name: "timeoutSeconds", type: "integer", summary: "End the call after so many seconds."),
    ]
    static let watch = [
        APIParameter(name: "allowWatchBookmarks", type: "boolean", summary: "Whether a watch may tell of its progress with bookmarks."),
        APIParameter(name: "watch", type: "boolean", summary: "Go on with a stream of changes instead of a list."),
    ]

    static let log = [
        APIParameter(name: "container", summary: "Whose log; needed if the pod has more than one container."),
        APIParameter(name: "follow", type: "boolean", summary: "Go on as the log grows."),
        APIParameter(name: "insecureSkipTLSVerifyBackend", type: "boolean", summary: "Don't verify the node's certificate."),
        APIParameter(name: "limitBytes", type: "integer", summary: "At most so many bytes."),
        APIParameter(name: "previous", type: "boolean", summary: "The log of the container's last run."),
        APIParameter(name: "sinceSeconds", type: "integer", summary: "Only what is younger than so many seconds."),
        APIParameter(name: "stream", summary: "\"All\", \"Stdout\" or \"Stderr\"."),
        APIParameter(name: "tailLines", type: "integer", summary: "Only the last lines."),
        APIParameter(name: "timestamps", type: "boolean", summary: "Begin each line with its time."),
    ]
    static let streams = [
        APIParameter(name: "container", summary: "Which container; needed if the pod has more than one."),
        APIParameter(name: "stderr", type: "boolean", summary: "Whether to carry standard error."),
        APIParameter(name: "stdin", type: "boolean", summary: "Whether to carry standard input."),
        APIParameter(name: "stdout", type: "boolean", summary: "Whether to carry standard output."),
        APIParameter(name: "tty", type: "boolean", summary: "Whether there is a terminal."),
    ]
    static let command = APIParameter(name: "command", summary: "The command and its arguments, one parameter each. No shell is involved.")
    static let ports = APIParameter(name: "ports", type: "integer", summary: "The ports to forward.")
}
