"""SIGTERM: what is in flight is answered, what is durable goes on at the next start."""

import json
import signal
import threading

import httpx
import pytest

from api import say
from deployment import poll

LONG = "on and on " * 120  # some 700 tokens, below the cap of a call


def begin(api, body) -> tuple[threading.Thread, list, threading.Event]:
    """A stream that is read in the background; the event tells that its text has begun."""
    lines: list[str] = []
    began = threading.Event()

    def read():
        for event in api.chat_lines(body):
            lines.append(event.data)
            if event.data != "[DONE]" and event.json.get("choices") and event.json["choices"][0]["delta"].get("content"):
                began.set()

    thread = threading.Thread(target=read)
    thread.start()
    assert began.wait(60)
    return thread, lines, began


@pytest.mark.parametrize("role", ["gateway", "slm"])
def test_an_answer_in_flight_is_finished(own_platform, role):
    platform = own_platform(settings={"WRIT_STOP_PATIENCE": "60s"})
    if platform.shape == "one" and role != "gateway":
        pytest.skip("one process is stopped whole")
    platform.start()
    thread, lines, _ = begin(platform.api(), say(LONG))
    process = platform.process_of(role)
    process.popen.send_signal(signal.SIGTERM)
    thread.join(60)
    assert lines[-1] == "[DONE]"
    chunks = [json.loads(line) for line in lines[:-1]]
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert json.loads("".join(c["choices"][0]["delta"].get("content") or "" for c in chunks)) == LONG
    assert process.wait_for_exit(30) == 0


def test_no_answer_is_lost_under_load(own_platform):
    """Clients keep their connections: each request is answered whole, the last one with a farewell."""
    platform = own_platform().start()
    address, key = platform.address(), platform.api().key
    answers: list[int] = []
    refused: list[Exception] = []
    go_on = threading.Event()
    go_on.set()

    def ask():
        with httpx.Client(headers={"Authorization": f"Bearer {key}"}, timeout=30) as client:
            while go_on.is_set():
                try:
                    answer = client.get(address + "/v1/budget")
                except httpx.ConnectError as error:
                    refused.append(error)
                    return
                answers.append(answer.status_code)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    poll(lambda: len(answers) > 20, "load", 30)
    process = platform.process_of("gateway")
    process.popen.send_signal(signal.SIGTERM)
    assert process.wait_for_exit(30) == 0
    go_on.clear()
    for thread in threads:
        thread.join(30)
    assert set(answers) == {200}
    assert len(refused) == len(threads), "each ended because nobody listens any more, none because an answer was lost"


def test_it_says_that_it_is_not_ready_before_it_stops_serving(own_platform):
    platform = own_platform(settings={"WRIT_STOP_GRACE": "20s"}).start()
    process = platform.process_of("gateway")
    process.popen.send_signal(signal.SIGTERM)
    status, body = poll(lambda: (r := platform.readiness())[0] == 503 and r, "not ready", 10)
    assert body["status"] == "draining"
    assert platform.api().get("/v1/budget"), "and goes on serving"
    process.popen.kill()


def test_a_run_that_is_stopped_goes_on_at_the_next_start(own_platform):
    platform = own_platform().start()
    api = platform.api()
    run_id = api.start("errand")["run_id"]
    api.until(run_id, "step_started")
    process = platform.process_of("orchestrator")
    process.popen.send_signal(signal.SIGTERM)
    assert process.wait_for_exit(30) == 0
    platform.restart("orchestrator")
    run = api.finished(run_id)
    assert run["status"] == "completed"


def test_an_open_event_stream_does_not_hold_up_the_stop(own_platform):
    platform = own_platform().start()
    api = platform.api()
    run_id = api.start("archivist")["run_id"]
    stream = api.follow(run_id)
    for event in stream:
        if event.json["type"] == "review_requested":
            break
    for role in ("orchestrator", "gateway") if platform.shape == "split" else ("gateway",):
        process = platform.process_of(role)
        process.popen.send_signal(signal.SIGTERM)
        assert process.wait_for_exit(8) == 0, "well before the patience ends"


def test_all_processes_end_with_zero_and_leave_no_run_file(own_platform):
    platform = own_platform().start()
    for process in platform.processes.values():
        process.popen.send_signal(signal.SIGTERM)
    assert {p.wait_for_exit(30) for p in platform.processes.values()} == {0}
    assert not (platform.data / "run.json").exists()
