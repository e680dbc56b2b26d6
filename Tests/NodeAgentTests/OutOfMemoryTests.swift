import Testing

@testable import NodeAgent

@Suite struct `What the kernel tells of memory` {
    private let prefix = "6,58755,55488204815,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=c1,mems_allowed=0"

    @Test func `names the container and the process`() throws {
        let kill = try #require(
            OutOfMemoryKill(record: "\(prefix),oom_memcg=/kubepods/podu,task_memcg=/kubepods/podu/c1,task=dd,pid=31410,uid=0\n SUBSYSTEM=x\n"))
        #expect(kill.time == .microseconds(55_488_204_815))
        #expect((kill.process, kill.pid, kill.isSystemWide) == ("dd", 31_410, false))
        #expect(kill.containerIDs == ["kubepods", "podu", "c1"])
    }

    @Test func `names a container under systemd`() throws {
        let cgroup = "/kubepods.slice/kubepods-podu.slice/cri-containerd-c1.scope/inner"
        let kill = try #require(OutOfMemoryKill(record: "\(prefix),global_oom,task_memcg=\(cgroup),task=a,pid=9,b,pid=2,uid=0"))
        #expect(kill.containerIDs.dropFirst(2) == ["c1", "inner"])
        #expect((kill.process, kill.pid, kill.isSystemWide) == ("a,pid=9,b", 2, true))
    }

    @Test(arguments: [
        "", "6,1,2,-", "6,1,2,-;eth0: link up", "6,1;oom-kill:,task_memcg=/a,task=b,pid=1,uid=0",
        // Written to the log by a process: facility 1.
        "14,1,2,-;oom-kill:constraint=C,task_memcg=/a,task=b,pid=1,uid=0", "6,1,2,-;oom-kill:constraint=C,task_memcg=/a,task=b",
        "6,1,2,-;oom-kill:constraint=C,task=b,pid=1", "x,1,2,-;oom-kill:constraint=C,task_memcg=/a,task=b,pid=1,uid=0",
    ]) func `is nothing else`(record: String) {
        #expect(OutOfMemoryKill(record: record) == nil)
    }
}
