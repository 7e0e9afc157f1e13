"""kill -9 at any moment: what was acknowledged goes on, and ends as it would have."""

import sqlite3
from collections import Counter

import pytest




def rows(platform, service: str, query: str) -> list[tuple]:
    """Of the service's own store, opened read-only."""
    with sqlite3.connect(f"file:{platform.data}/{service}/{service}.db?mode=ro", uri=True) as database:
        return database.execute(query).fetchall()


def test_a_run_ends_although_its_orchestrator_is_killed_again_and_again(own_platform):
    """Killed twice in each step, it goes on from where it was, with one memory at the end."""
    platform = own_platform().start()
    api = platform.api()
    run_id = api.start("errand")["run_id"]
    seen = 0
    kills: Counter = Counter()  # by step: one that is cut off more than three times in a row ends the run
    while True:
        event = next(e for e in api.follow(run_id, after=seen) if e.id is not None)
        seen, step = event.id, event.json["data"].get("step", 0)
        if event.json["type"] == "run_finished":
            break
        if kills[step] < 2 and event.json["type"] != "step_restarted":
            kills[step] += 1
            platform.kill("orchestrator")
            platform.restart("orchestrator")
            seen = max(seen, api.run(run_id)["last_seq"] - 1)  # what happened meanwhile is past
    run = api.finished(run_id)
    assert kills.total() >= 5
    assert run["status"] == "completed", run
    events = api.durable_events(run_id)
    assert [e["seq"] for e in events] == list(range(1, len(events) + 1))
    assert len(rows(platform, "recall", "SELECT * FROM memories")) == 1
    assert api.post("/v1/audit/verify")["ok"]
    assert rows(platform, "orchestrator", "SELECT count(*) FROM runs") == [(1,)]


@pytest.mark.parametrize("role", ["policy", "slm", "recall", "identity"])
def test_a_run_ends_although_a_service_it_needs_is_killed(own_platform, role):
    platform = own_platform()
    if platform.shape == "one":
        pytest.skip("one process: killed by the test above")
    platform.start()
    api = platform.api()
    run_id = api.start("errand")["run_id"]
    api.until(run_id, "step_started")
    platform.kill(role)
    platform.restart(role)
    run = api.finished(run_id)
    assert run["status"] == "completed", run
    assert len(rows(platform, "recall", "SELECT * FROM memories")) == 1
    assert api.post("/v1/audit/verify")["ok"]


def test_what_was_told_before_a_kill_is_told_after_it(own_platform):
    platform = own_platform().start()
    api = platform.api()
    started = api.start("calculate")
    events = api.durable_events(started["run_id"])
    run, session, audit = api.run(started["run_id"]), api.get(f"/v1/sessions/{started['session_id']}"), api.audit()
    for role in (["orchestrator"] if platform.shape == "one" else ["orchestrator", "policy", "identity"]):
        platform.kill(role)
        platform.restart(role)
    assert api.durable_events(started["run_id"]) == events
    assert api.run(started["run_id"]) == run
    assert api.get(f"/v1/sessions/{started['session_id']}") == session
    assert api.audit()[: len(audit)] == audit
    assert api.post("/v1/audit/verify")["ok"]


def test_a_start_that_was_cut_off_is_repeated_with_its_key(own_platform):
    """Whether the answer was lost or the request: the same key gives one session."""
    platform = own_platform().start()
    api = platform.api()
    first = api.start("talker", "Hello", idempotency_key="after-the-crash")
    platform.kill("orchestrator")
    platform.restart("orchestrator")
    again = api.start("talker", "Hello", idempotency_key="after-the-crash")
    assert (again["session_id"], again["run_id"]) == (first["session_id"], first["run_id"])
    assert rows(platform, "orchestrator", "SELECT count(*) FROM runs") == [(1,)]
    assert api.finished(first["run_id"])["status"] == "completed"
