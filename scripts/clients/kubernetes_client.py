"""PyPI's `kubernetes` client against the server that KUBECONFIG names: typed calls, a watch, errors."""

import sys

from kubernetes import client, config, watch

config.load_kube_config()
core = client.CoreV1Api()
apps = client.AppsV1Api()
space = "python-client"

core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=space)))
try:
    made = core.create_namespaced_config_map(
        space, client.V1ConfigMap(metadata=client.V1ObjectMeta(name="a", labels={"tier": "front"}), data={"k": "v"}))
    assert made.metadata.uid and made.metadata.resource_version

    read = core.read_namespaced_config_map("a", space)
    assert read.data == {"k": "v"}

    listed = core.list_namespaced_config_map(space, label_selector="tier=front")
    assert [item.metadata.name for item in listed.items] == ["a"]

    patched = core.patch_namespaced_config_map("a", space, {"data": {"k": "w"}})
    assert patched.data == {"k": "w"}

    stream = watch.Watch().stream(
        core.list_namespaced_config_map, space, resource_version=made.metadata.resource_version, timeout_seconds=10)
    for event in stream:
        if event["object"].metadata.name == "a":
            assert event["type"] == "MODIFIED" and event["object"].data == {"k": "w"}
            break
    else:
        raise AssertionError("the watch told of nothing")

    try:
        core.read_namespaced_config_map("none", space)
        raise AssertionError("found what is not there")
    except client.ApiException as error:
        assert error.status == 404 and "not found" in error.body

    made.metadata.resource_version = "1"
    try:
        core.replace_namespaced_config_map("a", space, made)
        raise AssertionError("a stale write was taken")
    except client.ApiException as error:
        assert error.status == 409

    page = core.list_namespaced_config_map(space, limit=1)
    assert len(page.items) == 1
    assert apps.list_namespaced_deployment(space).items == []
    assert client.VersionApi().get_code().minor == "36"
finally:
    core.delete_namespace(space)

print("ok      PyPI kubernetes client")
sys.exit(0)
