"""Start: `./run --version` when nothing has changed, start of `writ serve` to /ready, and idle memory with and without the model."""

import pathlib
import statistics
import subprocess
import time

import machine
import servers

ROOT = pathlib.Path(__file__).resolve().parent.parent
SETTLED = 2.0  # seconds after /ready: what a start needs only once has been given back


def warm_run_ms(times: int) -> dict | None:
    """Nothing when the product was not built by ./run from these sources: it would build now."""
    check = f'root={ROOT}; . "$root/tools/setup/fresh.sh"; build_is_fresh'
    if subprocess.run(["bash", "-c", check], check=False).returncode != 0:
        return None
    samples = []
    for _ in range(times):
        began = time.monotonic()
        subprocess.run([ROOT / "run", "--version"], stdout=subprocess.DEVNULL, check=True)
        samples.append((time.monotonic() - began) * 1e3)
    return machine.spread(samples, 1)


def measure(context) -> dict:
    times = 3 if context.quick else 7
    out: dict = {"run_version_ms": warm_run_ms(times)}
    for name, preload in (("without_model", "false"), ("with_model", "true")):
        starts, cpu, memory = [], [], {}
        data = context.folder / f"start-{name}"
        for _ in range(1 + times):
            with servers.writ(context.binary, context.folder, data=data, WRIT_SLM_PRELOAD=preload) as running:
                starts.append(running.ready_after * 1e3)
                cpu.append(machine.cpu_seconds(running.pid) * 1e3)
                if not memory:
                    time.sleep(SETTLED)
                    memory = machine.resident_mib(running.pid)
        # The first one makes the databases.
        out[name] = {"first_ready_ms": round(starts[0], 1), "ready_ms": machine.spread(starts[1:], 1), "cpu_ms_until_ready": round(statistics.median(cpu[1:]), 1)} | memory
    return out
