"""Helm itself, as PyPI's `helm-sdkpy` carries it, against the server that KUBECONFIG names: install, upgrade, roll back and uninstall a chart."""

import asyncio
import os
import pathlib

import helm_sdkpy as helm
from kubernetes import client, config

space, release = "helm", "shop"
chart = str(pathlib.Path(__file__).parent / "chart")
config.load_kube_config()
core, apps = client.CoreV1Api(), client.AppsV1Api()


def state():
    deployment = apps.read_namespaced_deployment(release, space)
    tag = core.read_namespaced_config_map(f"{release}-config", space).data["tag"]
    return deployment.spec.replicas, deployment.spec.template.spec.containers[0].image, tag


async def main():
    settings = helm.Configuration(namespace=space, kubeconfig=os.environ["KUBECONFIG"])
    await helm.Install(settings).run(release, chart, create_namespace=True, timeout=60)
    assert state() == (2, "example.com/web:1", "1"), state()
    assert apps.read_namespaced_deployment(release, space).status.ready_replicas == 2

    second = (3, "example.com/web:2", "2")
    for number, server_side in enumerate((False, True)):
        ways = {"timeout": 60, "server_side_apply": server_side, "force_conflicts": server_side}
        await helm.Upgrade(settings).run(release, chart, {"tag": "2", "replicas": 3}, **ways)
        assert state() == second, state()
        # This package's own `Rollback` cannot say how to wait, which Helm 4 demands: so the roll-back is that of an upgrade which fails halfway.
        try:
            await helm.Upgrade(settings).run(release, chart, {"tag": "3", "replicas": 4, "port": 70000}, rollback_on_failure=True, **ways)
            raise AssertionError("a Service with port 70000 was taken")
        except helm.UpgradeError as error:
            assert "70000" in str(error), error
        assert state() == second, state()

    assert len(await helm.History(settings).run(release)) == 7
    await helm.Uninstall(settings).run(release, timeout=60)
    assert not apps.list_namespaced_deployment(space).items
    assert not [made for made in core.list_namespaced_secret(space).items if made.type == "helm.sh/release.v1"]


try:
    asyncio.run(main())
finally:
    core.delete_namespace(space)

print("ok      Helm")
