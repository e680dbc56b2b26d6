enum NodeAgentStub {}
