enum ControllersStub {}
