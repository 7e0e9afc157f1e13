"""The machine beside every figure: what it is, how busy it is, how fast its CPU and its disk are right now."""

import hashlib
import os
import pathlib
import platform
import statistics
import time


def percentile(samples: list[float], share: float) -> float:
    """By nearest rank."""
    ordered = sorted(samples)
    return ordered[max(0, min(len(ordered) - 1, -(-int(share * 1000) * len(ordered) // 1000) - 1))]


def facts() -> dict:
    cpu = next((line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), platform.machine())
    memory = int(next(line for line in pathlib.Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal")).split()[1])
    system = dict(line.split("=", 1) for line in pathlib.Path("/etc/os-release").read_text().splitlines() if "=" in line)
    return {
        "date": time.strftime("%Y-%m-%d %H:%M", time.gmtime()),
        "cpu": cpu,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory / 2**20, 1),
        "system": system.get("PRETTY_NAME", "").strip('"'),
        "kernel": platform.release(),
    }


def load() -> float:
    """Processes that ran or wanted to run, mean of the last minute."""
    return os.getloadavg()[0]


def cpu_loop_ms() -> float:
    """CPU time of a fixed piece of work. Two figures are comparable only as far as this one is the same beside both."""
    block = bytes(1 << 20)
    began = time.process_time()
    digest = hashlib.sha256()
    for _ in range(32):
        digest.update(block)
    return (time.process_time() - began) * 1e3


def fdatasync_ms(folder: pathlib.Path, times: int = 100) -> dict:
    """Appends of 4 KiB, each followed by fdatasync: what one commit waits for at the least."""
    path = folder / "fdatasync.probe"
    samples = []
    with path.open("wb", buffering=0) as file:
        for _ in range(times):
            file.write(bytes(4096))
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            samples.append((time.perf_counter() - began) * 1e3)
    path.unlink()
    return {"p50_ms": round(percentile(samples, 0.5), 3), "p99_ms": round(percentile(samples, 0.99), 3)}


def cpu_seconds(pid: int) -> float:
    """CPU time of all threads of a process, in the scheduler's own nanoseconds."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((task / "schedstat").read_text().split()[0])
        except FileNotFoundError:  # the thread has ended meanwhile
            continue
    return total / 1e9


def resident_mib(pid: int) -> dict:
    """Resident memory: all of it, and without the pages that are only mapped files (the binary, a model)."""
    status = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
    return {"rss_mib": round(int(status["VmRSS"].split()[0]) / 1024, 1), "anonymous_mib": round(int(status["RssAnon"].split()[0]) / 1024, 1)}


def spread(samples: list[float], digits: int = 2) -> dict:
    """A figure from repeated runs: its median, and the range it was seen in."""
    return {"median": round(statistics.median(samples), digits), "min": round(min(samples), digits), "max": round(max(samples), digits), "runs": len(samples)}
