"""PyPI's `lightkube` against the server that KUBECONFIG names: server-side apply, typed objects, scale, watches, errors."""

from lightkube import ApiError, Client
from lightkube.models.apps_v1 import DeploymentSpec
from lightkube.models.core_v1 import Container, PodSpec, PodTemplateSpec
from lightkube.models.meta_v1 import LabelSelector, ObjectMeta
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.core_v1 import Namespace, Pod

space = "lightkube"
labels = {"app": "web"}


def web(replicas):
    template = PodTemplateSpec(metadata=ObjectMeta(labels=labels), spec=PodSpec(containers=[Container(name="web", image="example.com/web:1")]))
    return Deployment(
        metadata=ObjectMeta(name="web", namespace=space),
        spec=DeploymentSpec(replicas=replicas, selector=LabelSelector(matchLabels=labels), template=template))


client = Client(field_manager="lightkube")
client.create(Namespace(metadata=ObjectMeta(name=space)))
try:
    client.apply(web(2))
    client.wait(Deployment, "web", for_conditions=["Available"], namespace=space)
    assert len(list(client.list(Pod, namespace=space, labels=labels))) == 2

    try:
        client.apply(web(4), field_manager="other")
        raise AssertionError("another manager's field was taken")
    except ApiError as error:
        assert error.status.code == 409 and "lightkube" in error.status.message, error.status
    client.apply(web(3), field_manager="other", force=True)

    scale = client.get(Deployment.Scale, "web", namespace=space)
    assert scale.spec.replicas == 3
    client.patch(Deployment.Scale, "web", {"spec": {"replicas": 1}}, namespace=space)
    for _, deployment in client.watch(Deployment, namespace=space, server_timeout=30):
        if deployment.status.readyReplicas == 1 and deployment.status.replicas == 1:
            break

    client.delete(Deployment, "web", namespace=space)
    try:
        client.get(Deployment, "web", namespace=space)
        raise AssertionError("found what was deleted")
    except ApiError as error:
        assert error.status.code == 404 and error.status.reason == "NotFound"
finally:
    client.delete(Namespace, space)

print("ok      PyPI lightkube")
