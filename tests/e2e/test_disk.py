"""A full disk and one that does not keep what it was given. The faults are the kernel's errors, preloaded (disk_faults.c)."""

import shutil
import subprocess
import time

import httpx
import pytest

from api import say
from deployment import HERE, Deployment, poll

FSYNC_FAILED = 74


class Disk:
    """The disk of the deployments that have its settings."""

    def __init__(self, library, folder):
        self.library, self.folder = library, folder

    @property
    def settings(self) -> dict[str, str]:
        return {"LD_PRELOAD": str(self.library), "E2E_DISK_FAULTS": str(self.folder)}

    def has(self, fault: str) -> None:
        (self.folder / fault).touch()

    def is_well(self) -> None:
        for fault in self.folder.iterdir():
            fault.unlink()


@pytest.fixture(scope="module")
def library(folders):
    compiler = next(c for c in ("clang-19", "cc", "gcc", "clang") if shutil.which(c))
    library = folders("disk-faults") / "disk_faults.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library, HERE / "disk_faults.c", "-ldl"], check=True)
    return library


@pytest.fixture
def disk(library, folders):
    return Disk(library, folders("disk"))


def test_a_full_disk_refuses_new_work_and_loses_nothing(own_platform, disk):
    platform = own_platform(settings=disk.settings).start()
    api = platform.api()
    before = api.finished(api.start("errand")["run_id"])
    waiting = api.start("archivist")
    review = api.until(waiting["run_id"], "review_requested")["data"]["review_id"]
    reviewer = platform.new_principal("reviewer", ["reviews:decide"])
    disk.has("full")
    refused = api.request("POST", "/v1/chat/completions", json=say("two words"))
    assert refused.status_code == 503, refused.text
    assert api.post("/v1/sessions", {"prompt": "Hello", "capsule": "talker"}, expect=503)["code"] == "storage_full"
    assert reviewer.post(f"/v1/reviews/{review}/approve", {}, expect=503)["code"] == "storage_full"
    role = "gateway" if platform.shape == "one" else "policy"
    status, body = poll(lambda: (r := platform.readiness(role))[0] == 503 and r, "policy is not ready", 30)
    assert "storage_full" in {check.get("code") for check in body["checks"].values()}, body
    assert api.run(before["run_id"]) == before, "what is stored can be read"
    disk.is_well()
    poll(lambda: platform.readiness(role)[0] == 200, "ready again", 30)
    poll(lambda: api.request("POST", "/v1/chat/completions", json=say("two words")).status_code == 200, "calls are answered again", 30)
    assert api.run(before["run_id"]) == before
    reviewer.post(f"/v1/reviews/{review}/approve", {})
    assert api.finished(waiting["run_id"])["status"] == "completed"
    assert api.post("/v1/audit/verify")["ok"]


def test_a_failed_fsync_ends_the_process(own_platform, disk):
    """What is on disk is no longer known, so nobody may be told that it is kept."""
    platform = own_platform(settings=disk.settings).start()
    api = platform.api()
    before = api.finished(api.start("errand")["run_id"])
    process = platform.process_of("orchestrator")
    disk.has("no-sync")
    with pytest.raises((httpx.TransportError, AssertionError)):
        api.start("talker", "Hello")
    assert process.wait_for_exit(30) == FSYNC_FAILED
    assert "fsync failed" in process.log.read_text()
    for other in platform.processes.values():  # whoever commits next ends as well
        if other.running():
            other.popen.kill()
        other.popen.wait()
    disk.is_well()
    platform.start()
    assert platform.api().run(before["run_id"]) == before
    assert api.finished(api.start("errand")["run_id"])["status"] == "completed"
    assert api.post("/v1/audit/verify")["ok"]


def test_a_disk_that_stands_still_blocks_no_loop_and_deadlines_hold(own_platform, disk):
    """Who waits for the disk is answered when their time is over; who does not need it is answered at once."""
    platform = own_platform(settings=disk.settings).start()
    api = platform.api()
    api.finished(api.start("talker", "Hello")["run_id"])
    role = "gateway" if platform.shape == "one" else "policy"
    disk.has("slow-sync")
    began = time.monotonic()
    for _ in range(3):
        late = api.request("POST", "/v1/sessions", json={"prompt": "Hello", "capsule": "talker"}, headers={"Writ-Timeout": "1s"})
        assert late.status_code == 504, late.text
        assert late.json()["code"] == "deadline_exceeded"
        assert late.json()["outcome"] in ("not_sent", "unknown")
    assert time.monotonic() - began < 6, "each within its second"
    time.sleep(max(0.0, 3 - (time.monotonic() - began)))  # meanwhile checkpoints and the constitution come due, too
    before = time.monotonic()
    assert platform.readiness(role, "/health")[0] == 200
    assert time.monotonic() - before < 0.5
    lag = [line for line in platform.metrics_text(role).splitlines() if line.startswith("io_loop_lag_seconds_bucket")]
    counts = {line.split('le="')[1].split('"')[0]: float(line.split()[-1]) for line in lag}
    assert counts["+Inf"] > 0
    slowest = max(float(bound) for bound in counts if bound != "+Inf" and float(bound) <= 1.0)
    assert counts["+Inf"] == counts[next(b for b in counts if b != "+Inf" and float(b) == slowest)], f"no loop stood still: {counts}"
    disk.is_well()
    poll(lambda: api.request("POST", "/v1/sessions", json={"prompt": "Hello", "capsule": "talker"}).status_code == 201, "work goes on", 30)
    assert api.post("/v1/audit/verify")["ok"]


def test_a_start_on_a_full_disk_says_so(product, folders, disk):
    deployment = Deployment("one", product, folders("full"), settings=disk.settings)
    disk.has("full")
    refused = subprocess.run([product, "serve"], env=deployment.environment(), capture_output=True, text=True, timeout=60)
    assert refused.returncode == 2, refused.stderr
    [told] = [line for line in refused.stderr.splitlines() if line.startswith("writ: ")]
    assert "No space left" in told or "full" in told
    disk.is_well()
    try:
        deployment.start()
        api = deployment.api()
        assert api.finished(api.start("talker", "Hello")["run_id"])["status"] == "completed"
    finally:
        deployment.stop()
