"""Kills the server again and again while clients write, and compares what they were told with what is there: crash-test.py APUS [SEED].

Eight writers create, replace and delete config maps of their own, each with a counter in it. A watch follows. After each kill -9 the server is started
again; every acknowledged write must be there, nothing that was not asked for, and the watch must go on from where it was without missing an event.
"""

import http.client
import json
import os
import random
import re
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time

WRITERS, KILLS = 8, 5
PATH = "/api/v1/namespaces/default/configmaps"
apus = sys.argv[1]
port = int(os.environ.get("APUS_TEST_PORT", "26444"))
seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(1 << 32)
dice = random.Random(seed)
print(f"crash test, seed {seed}")

data = tempfile.mkdtemp(prefix="apus-crash-")
context = ssl._create_unverified_context()
token = ""


def connect(timeout=10):
    return http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=timeout)


def call(connection, method, path, body=None):
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    connection.request(method, path, json.dumps(body) if body else None, headers)
    response = connection.getresponse()
    return response.status, json.loads(response.read())


def start():
    log = open(f"{data}/log", "a")
    server = subprocess.Popen([apus, "server", "--data-dir", f"{data}/cluster", "--port", str(port)], stdout=log, stderr=log)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if server.poll() is not None:
            sys.exit(f"the server did not start again:\n{open(f'{data}/log').read()[-3000:]}")
        try:
            connection = connect()
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200 and os.path.exists(f"{data}/cluster/admin.kubeconfig"):
                return server
        except OSError:
            pass
        time.sleep(0.05)
    sys.exit("the server was not ready within a minute")


class Writer(threading.Thread):
    """Writes its own keys until the server is gone. `told` is what was acknowledged, `asked` the one write whose answer did not come."""

    def __init__(self, number, told, counter):
        super().__init__()
        self.number, self.told, self.counter, self.asked, self.problem = number, told, counter, None, None
        self.dice = random.Random(dice.random())
        self.acknowledged = []

    def run(self):
        try:
            connection = connect()
            while True:
                name = f"w{self.number}-{self.dice.randrange(20)}"
                self.counter += 1
                value = str(self.counter)
                body = {"metadata": {"name": name}, "data": {"n": value}}
                if name not in self.told:
                    self.asked = (name, value)
                    status, answer = call(connection, "POST", PATH, body)
                elif self.dice.random() < 0.2:
                    value = None
                    self.asked = (name, value)
                    status, answer = call(connection, "DELETE", f"{PATH}/{name}")
                else:
                    self.asked = (name, value)
                    status, answer = call(connection, "PUT", f"{PATH}/{name}", body)
                if status not in (200, 201):
                    if status >= 500:
                        return  # going down: the answer says that the write is not certain
                    self.problem = f"{self.asked}: {status} {answer}"
                    return
                if value is None:
                    del self.told[name]
                else:
                    self.told[name] = value
                self.acknowledged.append(self.asked)
                self.asked = None
        except (OSError, http.client.HTTPException, json.JSONDecodeError):
            return


class Follower(threading.Thread):
    """Watches from a revision on, remembers the last one it saw and what it saw of each key."""

    def __init__(self, version):
        super().__init__()
        self.version, self.seen, self.problem = version, [], None

    def run(self):
        try:
            connection = connect(timeout=30)
            path = f"{PATH}?watch=1&allowWatchBookmarks=true&resourceVersion={self.version}"
            connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
            response = connection.getresponse()
            while line := response.readline():
                event = json.loads(line)
                thing = event["object"]
                if event["type"] == "ERROR":
                    self.problem = f"the watch from {self.version} ended: {thing}"
                    return
                self.version = thing["metadata"]["resourceVersion"]
                if event["type"] != "BOOKMARK" and re.match(r"w\d+-", thing["metadata"]["name"]):
                    self.seen.append((thing["metadata"]["name"], None if event["type"] == "DELETED" else thing["data"]["n"]))
        except (OSError, http.client.HTTPException, json.JSONDecodeError):
            return


def check(condition, what):
    if not condition:
        print(open(f"{data}/log").read()[-2000:])
        sys.exit(f"FAILED  {what}\n(seed {seed})")


server = start()
try:
    os.environ["KUBECONFIG"] = f"{data}/cluster/admin.kubeconfig"
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "crash"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": "default"}],
    }
    # Older kubectls cannot wait for a creation.
    while subprocess.run(["kubectl", "get", "serviceaccount", "default"], capture_output=True).returncode != 0:
        time.sleep(0.1)
    subprocess.run(["kubectl", "apply", "-f", "-"], input=json.dumps(binding), text=True, check=True, stdout=subprocess.DEVNULL)
    request = json.dumps({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}})
    answer = subprocess.run(
        ["kubectl", "create", "--raw", "/api/v1/namespaces/default/serviceaccounts/default/token", "-f", "-"],
        input=request, text=True, check=True, capture_output=True)
    token = json.loads(answer.stdout)["status"]["token"]

    told, counters, writes = [{} for _ in range(WRITERS)], [0] * WRITERS, 0
    version = call(connect(), "GET", PATH + "?limit=1")[1]["metadata"]["resourceVersion"]
    for kill in range(KILLS):
        follower = Follower(version)
        writers = [Writer(number, told[number], counters[number]) for number in range(WRITERS)]
        for thread in [follower, *writers]:
            thread.start()
        time.sleep(dice.uniform(0.2, 1.5))
        os.kill(server.pid, signal.SIGKILL)
        server.wait()
        for thread in [follower, *writers]:
            thread.join()
        server = start()
        status, listing = call(connect(), "GET", PATH)
        check(status == 200, f"list after kill {kill}: {status}")
        there = {item["metadata"]["name"]: item["data"]["n"] for item in listing["items"] if item["metadata"]["name"].startswith("w")}
        # What the watch missed when the connection broke, it gets from the revision that it saw last; a last write marks the end.
        rest = Follower(follower.version)
        rest.start()
        status, marker = call(connect(), "POST", PATH, {"metadata": {"name": f"marker-{kill}"}})
        check(status == 201, f"write after kill {kill}: {status}")
        deadline = time.monotonic() + 30
        while int(rest.version) < int(marker["metadata"]["resourceVersion"]):
            check(time.monotonic() < deadline and rest.is_alive(), f"the watch came to {rest.version} only: {rest.problem}")
            time.sleep(0.01)
        for thread in (follower, rest):
            check(thread.problem is None, thread.problem)
        for writer in writers:
            number = writer.number
            check(writer.problem is None, f"a write was refused: {writer.problem}")
            if writer.asked:
                name, value = writer.asked
                check(there.get(name) in (value, told[number].get(name)), f"{name} is {there.get(name)}, asked {value}, told {told[number].get(name)}")
                told[number].pop(name, None)
                if name in there:
                    told[number][name] = there[name]
            mine = {name: value for name, value in there.items() if name.startswith(f"w{number}-")}
            check(mine == told[number], f"writer {number} was told {told[number]}, there is {mine}")
            seen = [event for event in follower.seen + list(rest.seen) if event[0].startswith(f"w{number}-")]
            # A writer's values rise and its deletions alternate with creations: its events are what it was told, and perhaps what it asked last.
            expected = [writer.acknowledged, writer.acknowledged + [writer.asked]]
            check(seen in expected, f"the watch saw other writes of writer {number} than it was told of")
            writes += len(writer.acknowledged)
            counters[number] = writer.counter
        version = rest.version
    check(writes > 100, f"only {writes} writes were acknowledged")
    print(f"ok      {KILLS} times kill -9 under load: {writes} acknowledged writes are there, the watch missed none")
finally:
    server.kill()
    server.wait()
    subprocess.run(["rm", "-rf", data])
