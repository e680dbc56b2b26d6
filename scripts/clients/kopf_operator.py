"""An operator written with PyPI's `kopf` against the server that KUBECONFIG names: it sees objects made, changed and deleted, and holds a finalizer."""

import asyncio
import threading

import kopf
from kubernetes import client, config

config.load_kube_config()
core = client.CoreV1Api()
space = "kopf"
seen, stop, ready = [], threading.Event(), threading.Event()
changed = threading.Condition()


def note(what):
    with changed:
        seen.append(what)
        changed.notify_all()


def wait_for(what):
    with changed:
        assert changed.wait_for(lambda: what in seen, timeout=60), f"{what} is not among {seen}"


@kopf.on.startup()
def configure(settings, **_):
    settings.posting.enabled = True
    settings.peering.standalone = True


@kopf.on.create("configmaps", labels={"kopf": "yes"})
def created(name, patch, **_):
    patch.metadata.annotations["seen"] = "true"
    note(f"created {name}")


@kopf.on.update("configmaps", labels={"kopf": "yes"}, field="data")
def updated(name, new, **_):
    note(f"updated {name} {new['k']}")


@kopf.on.delete("configmaps", labels={"kopf": "yes"})
def deleted(name, **_):
    note(f"deleted {name}")


def run():
    asyncio.run(kopf.operator(namespace=space, ready_flag=ready, stop_flag=stop))


core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=space)))
operator = threading.Thread(target=run)
operator.start()
try:
    assert ready.wait(60)
    core.create_namespaced_config_map(space, client.V1ConfigMap(metadata=client.V1ObjectMeta(name="a", labels={"kopf": "yes"}), data={"k": "v"}))
    wait_for("created a")
    core.patch_namespaced_config_map("a", space, {"data": {"k": "w"}})
    wait_for("updated a w")
    assert core.read_namespaced_config_map("a", space).metadata.annotations["seen"] == "true"
    core.delete_namespaced_config_map("a", space)
    wait_for("deleted a")
finally:
    stop.set()
    operator.join(60)
    core.delete_namespace(space)

print("ok      PyPI kopf")
