"""A `once` tool that hangs: it holds neither the run, nor a cancel, nor the stop, and its call is never hidden."""

import os
import signal
import time

import pytest

from deployment import Deployment, poll

pytestmark = [pytest.mark.fail_points]


@pytest.fixture
def hanging(build_with_fail_points, folders):
    """A platform whose journal is a pipe that nobody reads, and a run that is writing into it."""
    folder = folders("hanging")
    pipe = folder / "journal"
    os.mkfifo(pipe)
    deployment = Deployment("one", build_with_fail_points, folder, settings={"WRIT_ORCHESTRATOR_JOURNAL": str(pipe)})
    deployment.start()
    api, reviewer = deployment.api(), deployment.new_principal("reviewer", ["reviews:decide"])
    run_id = api.start("journalist")["run_id"]
    asked = api.until(run_id, "review_requested")["data"]
    reviewer.post(f"/v1/reviews/{asked['review_id']}/approve", {"arguments": {"text": "a line"}})
    poll(lambda: [e for e in tools_begun(api, run_id)], "the tool is at work", 30)
    yield deployment, run_id, asked["review_id"]
    deployment.stop()


def tools_begun(api, run_id) -> list[dict]:
    begun = []
    for event in api.follow(run_id):
        if event.id is not None and event.json["type"] == "step_started" and event.json["data"]["kind"] == "tool":
            begun.append(event.json)
            break
    return begun


def lost(api, run_id: str, first: str) -> dict:
    """The review of the lost call."""
    for event in api.follow(run_id):
        if event.id is not None and event.json["type"] == "review_requested" and event.json["data"]["review_id"] != first:
            return event.json["data"]
    raise AssertionError("the run ended")


def test_a_tool_that_hangs_is_left_at_its_timeout(hanging):
    deployment, run_id, first = hanging
    api = deployment.api()
    review = lost(api, run_id, first)
    assert review["kind"] == "unknown_outcome"
    deployment.new_principal("second", ["reviews:decide"]).post(f"/v1/reviews/{review['review_id']}/done", {"result": {"written": True}})
    assert api.finished(run_id)["status"] == "completed"
    [result] = [e["data"]["result"] for e in api.durable_events(run_id) if e["type"] == "tool_result"]
    assert result == {"written": True}, "judged, then told"


def test_cancel_does_not_hide_the_call(hanging):
    deployment, run_id, first = hanging
    api, second = deployment.api(), deployment.new_principal("second", ["reviews:decide"])
    api.post(f"/v1/runs/{run_id}/cancel")
    review = lost(api, run_id, first)["review_id"]
    run = api.run(run_id)
    assert (run["status"], run["review_id"], run["reason"]) == ("waiting_review", review, "cancelled by developer")
    assert [r["status"] for r in second.get("/v1/reviews")["reviews"] if r["review_id"] == review] == ["open"]
    assert second.post(f"/v1/reviews/{review}/retry", {}, expect=409)["code"] == "run_ending"
    second.post(f"/v1/reviews/{review}/deny", {"note": "it did not"})
    assert api.finished(run_id)["status"] == "cancelled"


def test_a_stop_does_not_wait_for_a_tool_that_hangs(hanging):
    deployment, run_id, first = hanging
    process = deployment.processes["writ"]
    begun = time.monotonic()
    process.popen.send_signal(signal.SIGTERM)
    assert process.wait_for_exit(60) == 0
    assert time.monotonic() - begun < 20
    deployment.start()
    assert lost(deployment.api(), run_id, first)["kind"] == "unknown_outcome"
