enum ServiceNetworkStub {}
