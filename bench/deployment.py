"""Prints a Deployment of some sixty fields, as a team's chart would render it, without a name: whoever loads a server with it gives it many. It asks for
no replicas, for the applies are what is measured, not the pods."""
import json

labels = {"app.kubernetes.io/name": "web", "app.kubernetes.io/part-of": "shop", "app.kubernetes.io/version": "1.2.3"}
probe = {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 5, "timeoutSeconds": 2, "failureThreshold": 3}
container = {
    "name": "web",
    "image": "example.com/web:1.2.3",
    "args": ["--port", "8080"],
    "ports": [{"name": "http", "containerPort": 8080}, {"name": "metrics", "containerPort": 9090}],
    "env": [{"name": f"SETTING_{number}", "value": str(number)} for number in range(8)],
    "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
    "readinessProbe": probe,
    "livenessProbe": probe,
    "volumeMounts": [{"name": "config", "mountPath": "/etc/web", "readOnly": True}, {"name": "cache", "mountPath": "/var/cache"}],
    "securityContext": {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}},
}
print(json.dumps({
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"labels": labels, "annotations": {"example.com/team": "shop"}},
    "spec": {
        "replicas": 0,
        "selector": {"matchLabels": {"app.kubernetes.io/name": "web"}},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "template": {
            "metadata": {"labels": labels},
            "spec": {
                "serviceAccountName": "web",
                "terminationGracePeriodSeconds": 20,
                "securityContext": {"runAsNonRoot": True, "runAsUser": 1000},
                "containers": [container],
                "volumes": [{"name": "config", "configMap": {"name": "web"}}, {"name": "cache", "emptyDir": {}}],
                "tolerations": [{"key": "spot", "operator": "Exists", "effect": "NoSchedule"}],
            },
        },
    },
}))
