enum KubernetesAPIStub {}
