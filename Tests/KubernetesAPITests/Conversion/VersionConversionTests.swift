import KubernetesAPI
import ObjectModel
import Testing

@Suite struct VersionConversionTests {
    private func conversion(_ group: String, _ version: String, _ plural: String) throws -> VersionConversion {
        let definition = try #require(Catalog.builtIn.resource(group: group, version: version, plural: plural))
        return try #require(VersionConversion.conversion(for: definition))
    }

    @Test func anEventHasTwoSpellings() throws {
        let conversion = try conversion("events.k8s.io", "v1", "events")
        let core = try Value(
            json: """
                {"apiVersion":"v1","kind":"Event","metadata":{"name":"e"},"action":"A","count":2,"eventTime":null,"firstTimestamp":"2026-01-01T00:00:00Z",
                "lastTimestamp":null,"involvedObject":{"kind":"Pod","name":"p"},"message":"m","reason":"R","related":{"name":"r"},"reportingComponent":"c",
                "reportingInstance":"","series":{"count":3},"source":{"component":"s"},"type":"Normal"}
                """)
        let other = try Value(
            json: """
                {"apiVersion":"events.k8s.io/v1","kind":"Event","metadata":{"name":"e"},"action":"A","deprecatedCount":2,"eventTime":null,
                "deprecatedFirstTimestamp":"2026-01-01T00:00:00Z","deprecatedLastTimestamp":null,"regarding":{"kind":"Pod","name":"p"},"note":"m",
                "reason":"R","related":{"name":"r"},"reportingController":"c","series":{"count":3},"deprecatedSource":{"component":"s"},"type":"Normal"}
                """)
        #expect(conversion.served(core) == other)
        #expect(conversion.stored(other) == core)
    }

    private static let autoscaler: Value = [
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": ["name": "h", "annotations": ["mine": "x"]],
        "spec": [
            "scaleTargetRef": ["kind": "Deployment", "name": "d", "apiVersion": "apps/v1"], "minReplicas": 2, "maxReplicas": 9,
            "metrics": [
                ["type": "Resource", "resource": ["name": "memory", "target": ["type": "AverageValue", "averageValue": "1Gi"]]],
                [
                    "type": "Object",
                    "object": [
                        "describedObject": ["kind": "Ingress", "name": "i"], "metric": ["name": "rps"], "target": ["type": "Value", "value": "10k"],
                    ],
                ],
                [
                    "type": "Pods",
                    "pods": [
                        "metric": ["name": "q", "selector": ["matchLabels": ["a": "b"]]], "target": ["type": "AverageValue", "averageValue": "5"],
                    ],
                ],
                [
                    "type": "ContainerResource",
                    "containerResource": ["name": "cpu", "container": "c", "target": ["type": "Utilization", "averageUtilization": 60]],
                ],
                ["type": "External", "external": ["metric": ["name": "sqs"], "target": ["type": "AverageValue", "averageValue": "30"]]],
                ["type": "Resource", "resource": ["name": "cpu", "target": ["type": "Utilization", "averageUtilization": 70]]],
            ],
            "behavior": [
                "scaleDown": [
                    "selectPolicy": "Max", "stabilizationWindowSeconds": 0, "policies": [["type": "Pods", "value": 1, "periodSeconds": 60]],
                ]
            ],
        ],
        "status": [
            "currentReplicas": 3, "desiredReplicas": 4, "observedGeneration": 1,
            "conditions": [["type": "AbleToScale", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"]],
            "currentMetrics": [["type": "Resource", "resource": ["name": "cpu", "current": ["averageUtilization": 55, "averageValue": "110m"]]]],
        ],
    ]

    @Test func whatV1OfAnAutoscalerLacksTravelsInAnnotations() throws {
        let conversion = try conversion("autoscaling", "v1", "horizontalpodautoscalers")
        let served = conversion.served(Self.autoscaler)
        #expect(served.apiVersion == "autoscaling/v1")
        #expect(
            served["spec"] == [
                "scaleTargetRef": ["kind": "Deployment", "name": "d", "apiVersion": "apps/v1"], "minReplicas": 2, "maxReplicas": 9,
                "targetCPUUtilizationPercentage": 70,
            ])
        #expect(
            served["status"] == ["currentReplicas": 3, "desiredReplicas": 4, "observedGeneration": 1, "currentCPUUtilizationPercentage": 55])
        let annotations = served.annotations
        #expect(annotations["mine"] == "x" && annotations.count == 5)
        #expect(
            annotations["autoscaling.alpha.kubernetes.io/behavior"]
                == #"{"ScaleDown":{"Policies":[{"PeriodSeconds":60,"Type":"Pods","Value":1}],"SelectPolicy":"Max","StabilizationWindowSeconds":0}}"#)
        let metrics = try Value(json: try #require(annotations["autoscaling.alpha.kubernetes.io/metrics"]))
        #expect(metrics.array.count == 5)
        #expect(metrics[0] == ["type": "Resource", "resource": ["name": "memory", "targetAverageValue": "1Gi"]])
        #expect(metrics[4] == ["type": "External", "external": ["metricName": "sqs", "targetAverageValue": "30"]])
        #expect(conversion.stored(served) == Self.autoscaler)
    }

    @Test func aPlainV1AutoscalerIsOneMetric() throws {
        let conversion = try conversion("autoscaling", "v1", "horizontalpodautoscalers")
        let v1: Value = [
            "apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler",
            "metadata": ["name": "h", "annotations": ["autoscaling.alpha.kubernetes.io/metrics": "no JSON"]],
            "spec": ["scaleTargetRef": ["kind": "Deployment", "name": "d"], "maxReplicas": 9, "targetCPUUtilizationPercentage": 80],
            "status": ["currentReplicas": 0, "desiredReplicas": 0],
        ]
        let stored = conversion.stored(v1)
        #expect(
            stored["spec"]["metrics"] == [
                ["type": "Resource", "resource": ["name": "cpu", "target": ["type": "Utilization", "averageUtilization": 80]]]
            ])
        #expect(stored["status"].fields["currentMetrics"] == .some(.null))
        #expect(stored.metadata["annotations"].isNull)
        #expect(conversion.served(stored)["spec"] == v1["spec"])
    }
}
