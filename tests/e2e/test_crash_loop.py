"""Many runs through kills at random moments, clock steps and restarts: 0 lost, 0 doubled, 0 stuck, limits exact, chain intact.

Each run forces one call of the `once` tool journal, which a person approves with the run's own id as the line. A call whose
outcome is unknown is looked up in the journal, as a person would, and answered with done or retry.
"""

import os
import random
import sqlite3
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from api import ENDS
from audit_chain import check_chain
from deployment import poll

pytestmark = [pytest.mark.fail_points, pytest.mark.slow]

RUNS = int(os.environ.get("E2E_CRASH_RUNS", "12"))
CHAOS_SECONDS = float(os.environ.get("E2E_CRASH_SECONDS", str(2.5 * RUNS)))
PATIENCE = 60 + 20 * RUNS  # seconds, for all runs to end once nothing is killed any more
LIMIT = 10_000 * RUNS
YEAR = 366 * 86_400  # one window, so that no step of the clock begins another
CLOCK_STEPS = (20 * 60, 61 * 60, -10 * 60, -30)  # seconds: past leases, grants, tokens and reservations, and back
AWAY = (httpx.TransportError, OSError, AssertionError, ValueError)


class Chaos:
    def __init__(self, platform, seed: int):
        self.platform = platform
        self.random = random.Random(seed)
        self.clock = platform.folder / "clock-step"
        self.offset = 0
        self.kills: Counter = Counter()

    @property
    def settings(self) -> dict[str, str]:
        return {"WRIT_CLOCK_STEP": str(self.clock)}

    def step_clock(self) -> None:
        self.offset += 1000 * self.random.choice(CLOCK_STEPS)
        fresh = self.clock.with_suffix(".new")
        fresh.write_text(f"{self.offset}\n")
        fresh.rename(self.clock)
        self.kills["clock"] += 1

    def kill(self) -> None:
        names = self.platform.names()
        name = self.random.choice(["policy", "orchestrator", "orchestrator", *names] if len(names) > 1 else names)
        process = self.platform.processes[name]
        process.popen.kill()
        process.popen.wait()
        self.kills[name] += 1
        time.sleep(self.random.choice([0, 0, 0.3, 1.5]))
        self.platform.launch(name)

    def until(self, done: threading.Event, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and not done.wait(self.random.uniform(0.2, 4)):
            self.step_clock() if self.random.random() < 0.25 else self.kill()


def stubbornly(ask, seconds: float = PATIENCE):
    """An answer, through kills: what was not answered is asked again."""
    def tried():
        try:
            return (ask(),)
        except AWAY:
            return None

    return poll(tried, "an answer", seconds, pause=0.2)[0]


def ended_run(api, run_id: str) -> dict:
    run = api.run(run_id)
    if run["status"] not in ENDS:
        raise ValueError(f"{run_id} is {run['status']}")
    return run


def journal(platform) -> list[str]:
    file = platform.folder / "journal.txt"
    return file.read_text().splitlines() if file.exists() else []


def answer_reviews(platform, reviewer, runs: list[str], done: threading.Event) -> None:
    """Answers what runs ask, until all have ended."""
    while not done.wait(0.2):
        for run in list(runs):
            try:
                if reviewer.run(run)["status"] != "waiting_review":
                    continue
                for review in reviewer.get("/v1/reviews", params={"run_id": run})["reviews"]:
                    if review["status"] == "open":
                        answer(platform, reviewer, review)
            except AWAY:
                continue


def answer(platform, reviewer, review: dict) -> None:
    where = f"/v1/reviews/{review['review_id']}"
    if review["kind"] == "action":
        reviewer.request("POST", f"{where}/approve", json={"arguments": {"text": review["run_id"]}})
    elif review["run_id"] in journal(platform):
        reviewer.request("POST", f"{where}/done", json={"result": {"written": True}})
    else:
        reviewer.request("POST", f"{where}/retry", json={})


def rows(platform, service: str, query: str) -> list[tuple]:
    with sqlite3.connect(f"file:{platform.data}/{service}/{service}.db?mode=ro", uri=True) as database:
        return database.execute(query).fetchall()


def charged(records: list[dict]) -> int:
    """What the chain says of every model call: its settlement, else what replaced or expired it."""
    last: dict[str, int] = {}
    settled = set()
    for record in records:
        data = record["data"]
        if record["kind"] == "settle" and data["decision_id"] not in settled:
            settled.add(data["decision_id"])
            last[data["decision_id"]] = data["tokens"]
        elif record["kind"] == "replace" and data["decision_id"] not in settled:
            last[data["decision_id"]] = data["tokens"]
    return sum(last.values())


def test_no_crash_loses_doubles_or_overspends_anything(own_platform, build_with_fail_points):
    seed = int(os.environ.get("E2E_SEED", str(random.randrange(1 << 30))))
    print(f"E2E_SEED={seed} E2E_CRASH_RUNS={RUNS}")
    limits = {"budgets": [{"id": "all", "per": "tenant", "kind": "tokens", "limit": LIMIT, "window_seconds": YEAR}]}
    platform = own_platform(binary=build_with_fail_points, bundle={"limits": limits})
    chaos = Chaos(platform, seed)
    platform.settings |= chaos.settings | {"WRIT_ORCHESTRATOR_JOURNAL": str(platform.folder / "journal.txt")}
    platform.start()
    api, reviewer = platform.api(), platform.new_principal("reviewer", ["reviews:decide", "runs:read", "runs:read_all"])
    done, runs = threading.Event(), []

    def begin(n: int) -> None:
        runs.append(stubbornly(lambda: api.start("chronicler", idempotency_key=f"run-{n}")["run_id"]))

    try:
        with ThreadPoolExecutor(min(RUNS, 16) + 2) as pool:
            answers = pool.submit(answer_reviews, platform, reviewer, runs, done)
            kills = pool.submit(chaos.until, done, CHAOS_SECONDS)
            for start in [pool.submit(begin, n) for n in range(RUNS)]:
                start.result()
            kills.result()
            for name in platform.names():
                platform.await_ready(name)
            ended = [stubbornly(lambda run=run: ended_run(api, run)) for run in runs]
            done.set()
            answers.result()
    finally:
        done.set()
    print(f"killed and stepped: {dict(chaos.kills)}, clock off by {chaos.offset / 1000:.0f} s")
    assert {r["status"] for r in ended} == {"completed"}, [r for r in ended if r["status"] != "completed"]
    assert rows(platform, "orchestrator", "SELECT count(*) FROM runs") == [(RUNS,)]
    assert Counter(journal(platform)) == Counter(runs), "every line once"
    budget = poll(lambda: (b := api.get("/v1/budget"))["reserved"] == 0 and b, "nothing stays reserved", 60)
    records = api.audit()
    assert budget["presumed"] == 0, budget
    assert budget["settled"] == charged(records) <= LIMIT
    told = sum(r["usage"]["prompt"] + r["usage"]["completion"] for r in ended)
    assert told <= budget["settled"]
    check_chain(records)
    assert api.post("/v1/audit/verify")["ok"]

