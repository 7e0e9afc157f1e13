"""Decisions: policy's `evaluate` through its port, from the rules to the commit, beside the disk's own fdatasync."""

import json
import re
import statistics
import subprocess

import machine
import servers

CLIENTS = (1, 32)
# Every question is a new one: the same id again would be answered from what is stored.
QUESTIONS = """
local n = 0
request = function()
  n = n + 1
  return wrk.format("POST", nil, {["Content-Type"] = "application/json", ["Authorization"] = "Bearer %s", ["Writ-Principal"] = "%s"},
    '{"request_id":"%s/' .. n .. '","action":"model.call","resource":{"type":"Model","id":"bench"},"context":{"max_tokens":1},' ..
    '"request_hash":"%s","content":"What is 17%% of 2340?","estimate":1}')
end
done = function(summary)
  local e = summary.errors
  io.write(string.format("RESULT %%d %%d\\n", summary.requests, e.connect + e.read + e.write + e.status + e.timeout))
end
"""


def once(context, clients: int, questions: int) -> dict:
    command = [context.program("decisions"), "--folder", context.folder, "--clients", clients, "--questions", questions]
    return json.loads(subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True).stdout)


def over_http(context, policy: servers.Running, number: int, seconds: int) -> dict:
    script = context.folder / "questions.lua"
    script.write_text(QUESTIONS % (policy.key, policy.principal, f"http{number}", "0" * 64))
    command = servers.pinned(context.load_core, ["wrk", "-t1", "-c32", f"-d{seconds}s", "--latency", "-s", script, policy.address + "/internal/v1/policy/evaluate"])
    before = machine.cpu_seconds(policy.pid)
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    used = machine.cpu_seconds(policy.pid) - before
    decisions, errors = map(int, re.search(r"^RESULT (\d+) (\d+)$", told, re.M).groups())
    if errors or not decisions:
        raise SystemExit(f"evaluate over HTTP: {errors} of {decisions} failed\n{told}")
    p99, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", told).groups()
    return {"decisions": decisions, "seconds": seconds, "cpu_seconds": used, "p99_ms": float(p99) * {"us": 1e-3, "ms": 1, "s": 1e3}[unit]}


def shown(results: list[dict]) -> dict:
    return {
        "per_second": machine.spread([r["decisions"] / r["seconds"] for r in results], 0),
        "cpu_us": machine.spread([r["cpu_seconds"] / r["decisions"] * 1e6 for r in results], 0),
        "p99_ms": machine.spread([r["p99_ms"] for r in results]),
    }


def measure(context) -> dict:
    rounds = 2 if context.quick else 5
    runs: dict[int, list[dict]] = {clients: [] for clients in CLIENTS}
    disk = [machine.fdatasync_ms(context.folder)]
    http: list[dict] = []
    with servers.policy_engine(context.binary, context.folder, context.server_core) as policy:
        for i in range(rounds):
            for clients in CLIENTS:
                runs[clients].append(once(context, clients, 300 if clients == 1 else 6400))
                disk.append(machine.fdatasync_ms(context.folder))
            http.append(over_http(context, policy, i, 2))
    out: dict = {"fdatasync_p50_ms": statistics.median(d["p50_ms"] for d in disk), "fdatasync_p99_ms": statistics.median(d["p99_ms"] for d in disk)}
    for clients, results in runs.items():
        out[f"port_{clients}_clients"] = shown(results) | {"p50_ms": machine.spread([r["p50_ms"] for r in results])}
    out["http_32_clients"] = shown(http)
    return out
