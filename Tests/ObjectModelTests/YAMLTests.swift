import ObjectModel
import TestSupport
import Testing

@Suite struct YAMLTests {
    @Test(arguments: [
        ("a: 1", #"{"a":1}"#), ("a: yes\nb: Off\nc: n", #"{"a":true,"b":false,"c":false}"#), ("a: 'yes'", #"{"a":"yes"}"#),
        ("a: !!str 5", #"{"a":"5"}"#),
        ("a: 0x1F\nb: 0777\nc: 0b101\nd: 0o17\ne: 1_000", #"{"a":31,"b":511,"c":5,"d":15,"e":1000}"#),
        ("a: 1.50\nb: 1e3\nc: 1.0\nd: 08", #"{"a":1.5,"b":1000,"c":1,"d":8}"#),
        ("a: 2026-01-02\nb: 2026-01-02T03:04:05Z", #"{"a":"2026-01-02","b":"2026-01-02T03:04:05Z"}"#), ("a: 12:30", #"{"a":"12:30"}"#),
        ("a: ~\nb:\nc: null", #"{"a":null,"b":null,"c":null}"#),
        ("on: x\n5: w\n1.5: z", #"{"5":"w","true":"x","1.5":"z"}"#), ("a: |\n  x\n  y\n", #"{"a":"x\ny\n"}"#), ("a: >-\n  x\n  y\n", #"{"a":"x y"}"#),
        ("- 1\n- [2, {a: b}]", #"[1,[2,{"a":"b"}]]"#), ("a: &x {b: 1}\nc: *x\nd:\n  <<: *x\n  e: 2", #"{"a":{"b":1},"c":{"b":1},"d":{"b":1,"e":2}}"#),
        ("a: &x {b: 1}\nd:\n  b: 3\n  <<: *x", #"{"a":{"b":1},"d":{"b":3}}"#), ("a: !!binary aGVsbG8=", #"{"a":"hello"}"#), ("", "null"),
        ("# nothing", "null"),
        (#"{"a": [1, "b", null, true]}"#, #"{"a":[1,"b",null,true]}"#), ("a: 1.2.3", #"{"a":"1.2.3"}"#), ("a: 99999999999999999999", #"{"a":1e+20}"#),
        ("a: <<", #"{"a":"<<"}"#), ("a: 1e", #"{"a":"1e"}"#), ("a: .5", #"{"a":0.5}"#),
    ])
    func `reads as JSON would say it`(text: String, json: String) throws {
        #expect(try YAML.parse(text) == Value(json: json))
    }

    @Test func `reads several documents`() throws {
        #expect(try YAML.parseAll("a: 1\n---\nb: 2\n---\n# empty\n---\nc: 3\n") == [["a": 1], ["b": 2], .null, ["c": 3]])
        #expect(try YAML.parse("a: 1\n---\nb: 2\n") == ["a": 1])
    }

    @Test func `keeps the last of equal keys and reports the repetition`() throws {
        let document = try YAML.parse("a: 1\nb:\n  c: 1\n  c: 2\na: 3\n".utf8)
        #expect(document.value == ["a": 3, "b": ["c": 2]])
        #expect(document.duplicates.map(\.description) == [#"line 4: key "c" already set in map"#, #"line 5: key "a" already set in map"#])
    }

    @Test func `refuses a billion laughs`() {
        var text = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
        for level in 1...12 { text += "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ",") + "]\n" }
        let error = #expect(throws: YAML.Failure.self) { try YAML.parse(text) }
        #expect(error?.description == "yaml: document contains excessive aliasing")
    }

    @Test func `refuses endless nesting`() {
        #expect(throws: YAML.Failure.self) { try YAML.parse(String(repeating: "[", count: 100_000)) }
        #expect(throws: YAML.Failure.self) { try YAML.parse(String(repeating: "- ", count: 5_000) + "x") }
    }

    @Test(arguments: [
        ("a: b: c", "yaml: mapping values are not allowed in this context"), ("a: *x", "yaml: line 1: unknown anchor 'x' referenced"),
        ("a:\n\t- b", "yaml: line 2: found character that cannot start any token"), ("a: .inf", "yaml: line 1: json: unsupported value: +Inf"),
    ])
    func `tells what is wrong and where`(text: String, reason: String) {
        do {
            _ = try YAML.parse(text)
            Issue.record("accepted")
        } catch { #expect(error.description == reason) }
    }

    @Test func `writes blocks, lists at the column of their key, quotes where a reader would err`() {
        let value: Value = [
            "apiVersion": "v1", "data": ["script": "#!/bin/sh\necho hi\n", "flag": "yes", "port": "80", "empty": ""],
            "items": [["name": "a", "args": ["-v", "--x=1"]], "b"],
            "none": [:], "list": [], "url": "http://x:80/", "note": "a: b", "time": "2026-01-02T03:04:05Z",
        ]
        #expect(
            YAML.write(value) == """
                apiVersion: v1
                data:
                  empty: ""
                  flag: "yes"
                  port: "80"
                  script: |
                    #!/bin/sh
                    echo hi
                items:
                - args:
                  - -v
                  - --x=1
                  name: a
                - b
                list: []
                none: {}
                note: 'a: b'
                time: "2026-01-02T03:04:05Z"
                url: http://x:80/

                """)
    }

    @Test func `reads back whatever it writes`() throws {
        var dice = Dice(seed: 7)
        for _ in 0..<3_000 {
            let value = dice.object(depth: 4)
            let text = YAML.write(value)
            #expect(try YAML.parse(text) == value, "\(text)")
        }
    }
}
