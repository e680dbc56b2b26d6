import ObjectModel
import Testing

@Suite struct LabelSelectorTests {
    private let labels = ["app": "web", "tier": "front", "size": "5"]

    @Test(arguments: [
        ("", true), ("app=web", true), ("app==web", true), ("app=api", false), ("app!=api", true), ("none!=api", true), ("app", true),
        ("!app", false),
        ("none", false), ("!none", true), ("app in (web,api)", true), ("app in (api)", false), ("app notin (web)", false), ("none notin (x)", true),
        ("app=web,tier=front", true), ("app=web,tier=back", false), ("size>4", true), ("size<4", false), ("none>1", false),
        ("app= web , tier = front", true),
        ("in in (a)", false), ("app,in", false), ("empty=", false),
    ])
    func `matches labels`(text: String, isMatch: Bool) throws {
        let selector = try LabelSelector(parsing: text)
        #expect(selector.matches(labels) == isMatch)
        #expect(selector.matches(["metadata": ["labels": Value(labels)]] as Value) == isMatch)
    }

    @Test(arguments: [
        ("a=b,c!=d", "a=b,c!=d"), ("c,a", "a,c"), ("x in (b,a,b)", "x in (a,b)"), ("x notin ()", ""), ("!x", "!x"), ("a==b", "a==b"), ("z>3", "z>3"),
    ])
    func `writes the query form sorted by key`(text: String, written: String) {
        guard let selector = try? LabelSelector(parsing: text) else {
            #expect(written.isEmpty)
            return
        }
        #expect(selector.description == written)
    }

    @Test(arguments: [
        ("a=b c", "found 'c', expected: ',' or 'end of string'"),
        ("=a", "found '=', expected: !, identifier, or 'end of string'"),
        ("a,", "found '', expected: identifier after ','"),
        ("a in b", "unable to parse requirement: found 'b' expected: '('"),
        ("a ~", "unable to parse requirement: found '~', expected: in, notin, =, ==, !=, gt, lt"),
        ("!", "unable to parse requirement: found '', expected: identifier"),
        ("a in ()", "unable to parse requirement: values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty"),
        ("a>x", "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer"),
        (
            "a$=b",
            "unable to parse requirement: <nil>: Invalid value: \"a$\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
        ),
        (
            "a=b$",
            "unable to parse requirement: values[0][a]: Invalid value: \"b$\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
        ),
    ])
    func `tells upstream's reason`(text: String, reason: String) {
        #expect(throws: SelectorError.self) { try LabelSelector(parsing: text) }
        do { _ = try LabelSelector(parsing: text) } catch { #expect(error.description == reason) }
    }

    @Test func `reads a selector object`() throws {
        let selector = try LabelSelector([
            "matchLabels": ["app": "web"],
            "matchExpressions": [
                ["key": "tier", "operator": "In", "values": ["front", "back"]], ["key": "canary", "operator": "DoesNotExist"],
                ["key": "size", "operator": "Exists"], ["key": "app", "operator": "NotIn", "values": ["api"]],
            ],
        ])
        #expect(selector.matches(labels))
        #expect(!selector.matches(labels.merging(["canary": ""]) { $1 }))
        #expect(selector.description == "app=web,app notin (api),!canary,size,tier in (back,front)")
    }

    @Test func `an empty selector object matches all, an absent one nothing`() throws {
        #expect(try LabelSelector([:] as Value).matches(labels))
        #expect(try !LabelSelector(Value.null).matches(labels))
        #expect(LabelSelector.everything.matches([:]))
        #expect(!LabelSelector.nothing.matches([:]))
    }

    @Test func `refuses an unknown operator`() {
        do {
            _ = try LabelSelector(["matchExpressions": [["key": "a", "operator": "in"]]])
            Issue.record("accepted")
        } catch { #expect(error.description == "\"in\" is not a valid label selector operator") }
    }
}

@Suite struct FieldSelectorTests {
    private let pod: Value = [
        "metadata": ["name": "web", "namespace": "default"], "spec": ["nodeName": "n1", "hostNetwork": true], "status": ["phase": "Running"],
    ]

    @Test(arguments: [
        ("", true), ("metadata.name=web", true), ("metadata.name==web", true), ("metadata.name!=web", false),
        ("spec.nodeName=n1,status.phase!=Failed", true),
        ("spec.missing=", true), ("spec.hostNetwork=true", true), ("status.phase=Failed", false),
    ])
    func `matches an object's fields`(text: String, isMatch: Bool) throws {
        #expect(try FieldSelector(parsing: text).matches(pod) == isMatch)
    }

    @Test func `unescapes and escapes values`() throws {
        let selector = try FieldSelector(parsing: #"a=x\,y\=z\\"#)
        #expect(selector.requirements == [.init(field: "a", value: #"x,y=z\"#)])
        #expect(selector.description == #"a=x\,y\=z\\"#)
    }

    @Test(arguments: [
        ("abc", "invalid selector: 'abc'; can't understand 'abc'"), ("a=b=c", "invalid field selector: unescaped character in value: 61"),
        (#"a=\b"#, "invalid field selector: invalid escape sequence: b"),
    ])
    func `tells upstream's reason`(text: String, reason: String) {
        do {
            _ = try FieldSelector(parsing: text)
            Issue.record("accepted")
        } catch { #expect(error.description == reason) }
    }
}
