"""HTTP: CPU per request of /health and of authenticated JSON POSTs, beside nginx's `return 200` in the same run.

Every server runs on one core and the load (wrk) on another; they take turns, A B C A B C, so that a busy machine slows
all of them alike. CPU time is the server process's own, all its threads, so what others do on the machine is not in it.
"""

import contextlib
import json
import pathlib
import re
import subprocess
from dataclasses import dataclass

import machine
import servers

CONNECTIONS = 16
ORDER = {"customer": "Ada Lovelace", "note": "leave it at the door, please", "urgent": True,
         "lines": [{"name": "tea", "amount": 3}, {"name": "bread, dark", "amount": 1}, {"name": "marmalade", "amount": 12}]}


@dataclass
class Target:
    name: str
    server: servers.Running
    path: str
    method: str = "GET"
    key: str = ""
    body: str = ""

    def script(self, folder: pathlib.Path) -> pathlib.Path:
        """wrk's request, as Lua; the end checks that every answer was a 2xx."""
        headers = {"Content-Type": "application/json"} if self.body else {}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        lines = [f"wrk.method = {json.dumps(self.method)}", f"wrk.body = {json.dumps(self.body)}" if self.body else ""]
        lines += [f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}" for name, value in headers.items()]
        lines.append("""done = function(summary)
  local e = summary.errors
  io.write(string.format("RESULT %d %d\\n", summary.requests, e.connect + e.read + e.write + e.status + e.timeout))
end""")
        path = folder / f"{self.name}.lua"
        path.write_text("\n".join(lines))
        return path

    def cpu_per_request(self, folder: pathlib.Path, seconds: int, core: int) -> float:
        """Microseconds."""
        command = servers.pinned(core, ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", self.script(folder), self.server.address + self.path])
        before = machine.cpu_seconds(self.server.pid)
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        used = machine.cpu_seconds(self.server.pid) - before
        requests, errors = map(int, re.search(r"^RESULT (\d+) (\d+)$", told, re.M).groups())
        if errors or not requests:
            raise SystemExit(f"{self.name}: {errors} of {requests} requests failed")
        return used / requests * 1e6


def targets(stack: contextlib.ExitStack, context) -> list[Target]:
    core = context.server_core
    nginx = stack.enter_context(servers.nginx(context.folder, core))
    writ = stack.enter_context(servers.writ(context.binary, context.folder, core, WRIT_LOOPS="1", WRIT_SLM_PRELOAD="false"))
    echo = stack.enter_context(servers.echo_server(context.program("echo_server"), context.folder, core))
    order = json.dumps(ORDER, separators=(",", ":"))
    return [
        Target("nginx_get", nginx, "/health"),
        Target("writ_health", writ, "/health"),
        Target("nginx_post", nginx, "/v1/orders/ord_1", "POST", echo.key, order),
        Target("writ_post_echo", echo, "/v1/orders/ord_1", "POST", echo.key, order),
        # A public operation of the product that needs neither disk nor model: revoking what is no token is a success.
        Target("writ_post_revoke", writ, "/v1/tokens/revoke", "POST", writ.admin_key, '{"token":"none"}'),
    ]


def measure(context) -> dict:
    samples: dict[str, list[float]] = {}
    seconds, rounds = (1, 3) if context.quick else (1, 7)
    with contextlib.ExitStack() as stack:
        all_targets = targets(stack, context)
        for target in all_targets:
            target.cpu_per_request(context.folder, 1, context.load_core)  # warm
        for _ in range(rounds):
            for target in all_targets:
                samples.setdefault(target.name, []).append(target.cpu_per_request(context.folder, seconds, context.load_core))
    ratio = {}
    for ours, peer in (("writ_health", "nginx_get"), ("writ_post_echo", "nginx_post"), ("writ_post_revoke", "nginx_post")):
        ratio[f"{ours}/{peer}"] = machine.spread([a / b for a, b in zip(samples[ours], samples[peer])])
    version = subprocess.run(["/usr/sbin/nginx", "-v"], capture_output=True, text=True, check=True).stderr.strip().split("/")[-1]
    return {"nginx": version, "cpu_us_per_request": {name: machine.spread(values) for name, values in samples.items()}, "ratio": ratio}
