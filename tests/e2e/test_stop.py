"""SIGTERM: what is in flight is answered, what is durable goes on at the next start."""

import contextlib
import json
import signal
import threading
import time

import httpx
import pytest

from api import say
from deployment import poll
from metrics import Samples
from pause_points import MODEL_STEP, PausePoints

WORDS = "on and on " * 12
PATIENCE = {"WRIT_STOP_PATIENCE": "60s"}


def has_stopped(process, service: str) -> bool:
    lines = [json.loads(line) for line in process.log.read_text().splitlines() if line.startswith("{") and line.endswith("}")]
    return any(line.get("event") == "service_stopped" and line.get("name") == service for line in lines)


def terminate(platform, role: str):
    process = platform.process_of(role)
    process.popen.send_signal(signal.SIGTERM)
    return process


@pytest.fixture
def stopping(own_platform, build_with_fail_points, folders):
    """A platform to be stopped while its model stands still."""
    pauses = PausePoints(folders("stopping") / "pauses")
    platform = own_platform(binary=build_with_fail_points, settings=PATIENCE | pauses.settings).start()
    pauses.arm(MODEL_STEP)
    yield platform, pauses
    pauses.release_all()


@pytest.mark.fail_points
@pytest.mark.parametrize("role", ["gateway", "slm"])
def test_answers_in_flight_are_finished(stopping, role):
    platform, pauses = stopping
    if platform.shape == "one" and role != "gateway":
        pytest.skip("one process is stopped whole")
    api, address, answers = platform.api(), platform.address(role), []
    asking = threading.Thread(target=lambda: answers.append(api.post("/v1/chat/completions", say(WORDS))))
    asking.start()
    with contextlib.ExitStack() as stack:
        stack.callback(pauses.release_all)
        lines = stack.enter_context(api.open_chat(say(WORDS)))
        poll(lambda: Samples(platform.metrics_text("slm")).total("requests_in_flight", operation="slm.chat") == 2, "both are in flight", 30)
        process = terminate(platform, role)
        poll(lambda: closed(address), "nobody new is let in", 30)
        pauses.release(MODEL_STEP)
        chunks = [line.removeprefix("data: ") for line in lines if line]
    asking.join(60)
    assert chunks.pop() == "[DONE]"
    chunks = [json.loads(chunk) for chunk in chunks]
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert json.loads("".join(c["choices"][0]["delta"].get("content") or "" for c in chunks)) == WORDS
    assert json.loads(answers[0]["choices"][0]["message"]["content"]) == WORDS
    assert process.wait_for_exit(60) == 0


def closed(address: str) -> bool:
    try:
        httpx.get(address + "/health", timeout=10)
    except httpx.ConnectError:
        return True
    return False


class Client:
    """Asks again and again on one connection, until nobody listens any more."""

    QUIET = 0.2  # seconds: a connection that asks nothing for so long may be closed without a word (http/connection.cc)

    def __init__(self, platform):
        self.answered: list[int] = []
        self.lost: list[str] = []
        self.address, self.key = platform.address(), platform.api().key
        self.thread = threading.Thread(target=self.ask)
        self.thread.start()

    def ask(self) -> None:
        with httpx.Client(headers={"Authorization": f"Bearer {self.key}"}, timeout=60) as client:
            asked = time.monotonic()
            while True:
                last, asked = asked, time.monotonic()
                try:
                    self.answered.append(client.get(self.address + "/v1/budget").status_code)
                except httpx.ConnectError:
                    return
                except httpx.TransportError as error:
                    # Only a crowded machine makes this client so slow; it asks again, as clients do.
                    if asked - last < self.QUIET:
                        self.lost.append(repr(error))


def test_no_answer_is_lost_under_load(own_platform):
    """Clients keep their connections: each request is answered whole, the last one with a farewell."""
    platform = own_platform(settings=PATIENCE).start()
    clients = [Client(platform) for _ in range(4)]
    poll(lambda: all(len(client.answered) > 5 for client in clients), "load", 60)
    process = terminate(platform, "gateway")
    assert process.wait_for_exit(60) == 0
    for client in clients:
        client.thread.join(60)
        assert not client.thread.is_alive() and client.lost == []
        assert set(client.answered) == {200}


def test_it_says_that_it_is_not_ready_before_it_stops_serving(own_platform):
    platform = own_platform(settings={"WRIT_STOP_GRACE": "60s"}).start()
    process = terminate(platform, "gateway")
    status, body = poll(lambda: (r := platform.readiness())[0] == 503 and r, "not ready", 30)
    assert body["status"] == "draining"
    assert platform.api().get("/v1/budget"), "and goes on serving"
    for process in platform.processes.values():  # nobody waits for a minute
        process.popen.kill()


@pytest.mark.fail_points
def test_a_run_that_is_stopped_goes_on_at_the_next_start(stopping):
    platform, pauses = stopping
    api = platform.api()
    run_id = api.start("errand")["run_id"]
    pauses.await_reached(MODEL_STEP)
    process = terminate(platform, "orchestrator")
    if platform.shape == "split":
        assert process.wait_for_exit(60) == 0, "it does not wait for the model"
    else:  # the model is let go when the run has been cut off, not before
        poll(lambda: has_stopped(process, "orchestrator"), "the orchestrator has stopped while the model stands still", 60)
    pauses.release(MODEL_STEP)
    assert process.wait_for_exit(60) == 0
    platform.restart("orchestrator")
    run = api.finished(run_id)
    assert run["status"] == "completed", run
    assert [e["type"] for e in api.durable_events(run_id)].count("step_restarted") == 1


def test_an_open_event_stream_does_not_hold_up_the_stop(own_platform):
    platform = own_platform(settings={"WRIT_STOP_PATIENCE": "300s"}).start()
    api = platform.api()
    run_id = api.start("archivist")["run_id"]
    stream = api.follow(run_id)
    for event in stream:
        if event.json["type"] == "review_requested":
            break
    for role in ("orchestrator", "gateway") if platform.shape == "split" else ("gateway",):
        assert terminate(platform, role).wait_for_exit(60) == 0, "long before the patience ends"


def test_who_follows_a_run_is_told_of_the_stop_and_goes_on_after_it(own_platform):
    platform = own_platform().start()
    api = platform.api()
    run_id = api.start("archivist")["run_id"]
    seen, told = [], []
    for event in api.follow(run_id):
        (told if event.event else seen).append(event)
        if not event.event and event.json["type"] == "review_requested":
            process = terminate(platform, "gateway")
    assert [e.event for e in told] == ["error"], "no end: the run has none yet"
    assert told[0].json["code"] == "stopping" and told[0].id is None
    assert process.wait_for_exit(60) == 0
    platform.restart("gateway")
    api.post(f"/v1/runs/{run_id}/cancel")
    last = [e.id for e in seen if e.id is not None][-1]
    rest = [e.json["seq"] for e in api.follow(run_id, after=last) if e.id is not None]
    assert rest == list(range(last + 1, last + 1 + len(rest))) and rest


def test_all_processes_end_with_zero_and_leave_no_run_file(own_platform):
    platform = own_platform().start()
    for process in platform.processes.values():
        process.popen.send_signal(signal.SIGTERM)
    assert {p.wait_for_exit(60) for p in platform.processes.values()} == {0}
    assert not (platform.data / "run.json").exists()
