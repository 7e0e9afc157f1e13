"""Decisions: policy's `evaluate` through its port, from the rules to the commit, beside the disk's own fdatasync."""

import json
import statistics
import subprocess

import machine

CLIENTS = (1, 32)


def once(context, clients: int, questions: int) -> dict:
    command = [context.program("decisions"), "--folder", context.folder, "--clients", clients, "--questions", questions]
    return json.loads(subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True).stdout)


def measure(context) -> dict:
    rounds = 2 if context.quick else 5
    runs: dict[int, list[dict]] = {clients: [] for clients in CLIENTS}
    disk = [machine.fdatasync_ms(context.folder)]
    for _ in range(rounds):
        for clients in CLIENTS:
            runs[clients].append(once(context, clients, 300 if clients == 1 else 6400))
            disk.append(machine.fdatasync_ms(context.folder))
    out: dict = {"fdatasync_p50_ms": statistics.median(d["p50_ms"] for d in disk), "fdatasync_p99_ms": statistics.median(d["p99_ms"] for d in disk)}
    for clients, results in runs.items():
        out[f"clients_{clients}"] = {
            "per_second": machine.spread([r["decisions"] / r["seconds"] for r in results], 0),
            "cpu_us": machine.spread([r["cpu_seconds"] / r["decisions"] * 1e6 for r in results], 0),
            "p50_ms": machine.spread([r["p50_ms"] for r in results]),
            "p99_ms": machine.spread([r["p99_ms"] for r in results]),
        }
    return out
