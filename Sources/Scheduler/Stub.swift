enum SchedulerStub {}
