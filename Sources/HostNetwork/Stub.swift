enum HostNetworkStub {}
