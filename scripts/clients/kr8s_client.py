"""PyPI's `kr8s` against the server that KUBECONFIG names: discovery, objects without types, patches, conditions."""

import warnings

# Its own list of versions ends before this server's.
warnings.filterwarnings("ignore", message="Kubernetes version")

import kr8s  # noqa: E402
from kr8s.objects import ConfigMap, Namespace, Pod  # noqa: E402

space = "kr8s"
namespace = Namespace({"metadata": {"name": space}})
namespace.create()
try:
    assert kr8s.api().version()["minor"] == "36"
    settings = ConfigMap({"metadata": {"name": "a", "namespace": space, "labels": {"x": "y"}}, "data": {"k": "v"}})
    settings.create()
    settings.patch({"data": {"k": "w"}})
    assert settings.raw["data"] == {"k": "w"}
    settings.label({"z": "1"})
    assert settings.labels == {"x": "y", "z": "1"}
    assert [found.name for found in kr8s.get("configmaps", namespace=space, label_selector="x=y")] == ["a"]

    pod = Pod({"metadata": {"name": "p", "namespace": space}, "spec": {"containers": [{"name": "c", "image": "example.com/c:1"}]}})
    pod.create()
    pod.wait("condition=Ready", timeout=60)
    assert pod.ready()
    pod.delete()
finally:
    namespace.delete()

print("ok      PyPI kr8s")
