"""kill -9 at any moment: what was acknowledged goes on, and ends as it would have."""

import sqlite3

import httpx
import pytest

from api import remembered
from deployment import poll
from pause_points import MODEL_STEP

KILLED = 137
# In the order in which a run of `errand` comes by: each kill but the third cuts a step off, which is restarted.
KILLS = ["before_send.model", "after_send.model", "before_send.decide_tool", "after_send.tool",  # the calculator
         "before_send.model", "after_send.tool",  # remember: it has happened, and nobody knows
         "before_send.model"]


def rows(platform, service: str, query: str) -> list[tuple]:
    """Of the service's own store, opened read-only."""
    with sqlite3.connect(f"file:{platform.data}/{service}/{service}.db?mode=ro", uri=True) as database:
        return database.execute(query).fetchall()


@pytest.mark.fail_points
def test_a_run_ends_although_its_orchestrator_is_killed_again_and_again(own_platform, build_with_fail_points):
    platform = own_platform(binary=build_with_fail_points)
    name = "writ" if platform.shape == "one" else "orchestrator"
    platform.start(WRIT_FAIL_POINT=f"orchestrator.{KILLS[0]}:1")
    api = platform.api()
    try:
        api.start("errand", idempotency_key="the-run")
    except httpx.TransportError:
        pass  # killed before it had answered
    for point in [*KILLS[1:], None]:
        assert platform.processes[name].wait_for_exit(60) == KILLED
        platform.launch(name, **({"WRIT_FAIL_POINT": f"orchestrator.{point}:1"} if point else {}))
    platform.await_ready(name)
    run_id = api.start("errand", idempotency_key="the-run")["run_id"]
    run = api.finished(run_id)
    assert run["status"] == "completed", run
    events = api.durable_events(run_id)
    assert [e["seq"] for e in events] == list(range(1, len(events) + 1))
    assert [e["type"] for e in events].count("step_restarted") == len(KILLS) - 1
    assert dict(rows(platform, "recall", "SELECT key, value FROM memories")) == remembered(events) != {}
    assert rows(platform, "orchestrator", "SELECT count(*) FROM runs") == [(1,)]
    assert api.post("/v1/audit/verify")["ok"]


@pytest.mark.fail_points
@pytest.mark.parametrize("role", ["policy", "slm", "recall", "identity"])
def test_a_run_goes_on_although_a_service_is_killed_in_the_middle_of_it(paced, pauses, role):
    if paced.shape == "one":
        pytest.skip("one process: killed by the test above")
    api = paced.api()
    pauses.arm(MODEL_STEP)
    run_id = api.start("errand")["run_id"]
    pauses.await_reached(MODEL_STEP)
    paced.kill(role)
    pauses.release(MODEL_STEP)
    api.until(run_id, "waiting_dependency")
    paced.restart(role)
    run = api.finished(run_id)
    assert run["status"] == "completed", run
    stored = remembered(api.durable_events(run_id))
    assert stored and stored.items() <= dict(rows(paced, "recall", "SELECT key, value FROM memories")).items()
    poll(lambda: paced.readiness("gateway")[0] == 200, "the gateway sees all again", 30)
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


def test_a_start_is_remembered_by_its_key(own_platform):
    """Also after a crash; test_fail_points.py cuts the start itself off before and after its commit."""
    platform = own_platform().start()
    api = platform.api()
    first = api.start("talker", "Hello", idempotency_key="after-the-crash")
    platform.kill("orchestrator")
    platform.restart("orchestrator")
    again = api.start("talker", "Hello", idempotency_key="after-the-crash")
    assert (again["session_id"], again["run_id"]) == (first["session_id"], first["run_id"])
    assert rows(platform, "orchestrator", "SELECT count(*) FROM runs") == [(1,)]
    assert api.finished(first["run_id"])["status"] == "completed"
