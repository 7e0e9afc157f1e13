"""Cancelled runs, clients that go away, and two answers at once.

What depends on where the model is when it happens runs on `paced`, whose model takes a step when the test lets it.
"""

import json
import socket
import typing

import pytest

from api import Api, say
from deployment import MODEL, poll
from metrics import Samples
from pause_points import EVALUATED, MODEL_STEP

LONG = "on and on " * 260  # up to the cap of a call, 1024 tokens




def slm(platform) -> Samples:
    return Samples(platform.metrics_text("slm"))


def active(platform) -> float:
    return slm(platform).total("slm_active_slots_count", model=MODEL)


def readers(platform) -> float:
    """Answers somebody still waits for."""
    return slm(platform).total("requests_in_flight", operation="slm.chat")


def generated(platform) -> float:
    return slm(platform).total("gen_ai_server_tokens_total", model=MODEL, type="output")


def decode_calls(platform) -> float:
    return slm(platform).total("slm_decode_calls_total", model=MODEL)


def ended(platform, how: str) -> float:
    return slm(platform).total("gen_ai_server_request_duration_seconds_count", model=MODEL, end=how)


def settled(api: Api) -> int:
    return poll(lambda: (b := api.get("/v1/budget"))["reserved"] == 0 and b, "nothing stays reserved", 30)["settled"]


def first_words(lines: typing.Iterator[str]) -> str:
    for line in lines:
        if line.startswith("data: {") and (words := json.loads(line[6:])["choices"][0]["delta"].get("content")):
            return words
    raise AssertionError("the stream ended without a word")


def step_until(pauses, platform, tokens: float) -> None:
    """Steps the model that stands still until it has generated so many tokens in all."""
    while (missing := tokens - generated(platform)) > 0:
        for _ in range(min(10, int(missing))):
            pauses.step(MODEL_STEP)


def test_a_waiting_run_is_cancelled(api, reviewer):
    run_id = api.start("archivist")["run_id"]
    asked = api.until(run_id, "review_requested")["data"]
    api.post(f"/v1/runs/{run_id}/cancel")
    run = api.finished(run_id)
    assert run["status"] == "cancelled" and run["reason"] == "cancelled by developer"
    assert [e["type"] for e in api.durable_events(run_id)][-2:] == ["cancel_requested", "run_finished"]
    assert reviewer.post(f"/v1/reviews/{asked['review_id']}/approve", {}, expect=409)["code"] == "review_answered"


@pytest.mark.fail_points
def test_a_run_is_cancelled_while_the_model_answers(paced, pauses):
    api = paced.api()
    before = settled(api)
    pauses.arm(MODEL_STEP)
    run_id = api.start("errand")["run_id"]
    pauses.await_reached(MODEL_STEP)
    api.post(f"/v1/runs/{run_id}/cancel")
    run = api.finished(run_id)  # while the model stands still: the end does not wait for it
    assert run["status"] == "cancelled"
    poll(lambda: readers(paced) == 0, "the model's service knows that nobody reads", 30)
    pauses.release(MODEL_STEP)
    poll(lambda: active(paced) == 0, "the slot is free", 30)
    assert 0 < settled(api) - before < 1000, "the prompt was read, and little more"


def test_to_cancel_again_or_after_the_end_changes_nothing(api):
    run_id = api.start("talker", "Hello")["run_id"]
    before = api.finished(run_id)
    assert api.post(f"/v1/runs/{run_id}/cancel")["status"] == before["status"]
    assert api.run(run_id) == before


def test_a_session_goes_on_after_a_cancelled_run(api):
    started = api.start("archivist")
    api.until(started["run_id"], "review_requested")
    api.post(f"/v1/runs/{started['run_id']}/cancel")
    api.finished(started["run_id"])
    next_ = api.post(f"/v1/sessions/{started['session_id']}/messages", {"prompt": "Go on", "tool_choice": "none"}, expect=201)
    assert api.finished(next_["run_id"])["status"] == "completed"


@pytest.mark.fail_points
def test_a_client_that_goes_away_frees_its_slot_within_two_tokens(paced, pauses):
    api = paced.api()
    charged, before, cancelled = settled(api), generated(paced), ended(paced, "cancelled")
    pauses.arm(MODEL_STEP)
    with api.open_chat(say(LONG)) as answer:
        pauses.await_reached(MODEL_STEP)
        step_until(pauses, paced, before + 60)
        assert first_words(answer)
    poll(lambda: readers(paced) == 0, "the model's service knows that nobody reads", 30)
    when_told = generated(paced)
    pauses.release(MODEL_STEP)
    poll(lambda: active(paced) == 0, "the slot is free", 30)
    assert generated(paced) - when_told <= 2
    assert ended(paced, "cancelled") == cancelled + 1
    assert settled(api) - charged >= 20, "what was read is charged"


@pytest.mark.fail_points
def test_a_client_that_goes_away_before_the_decision_is_told_leaves_nothing_reserved(paced, pauses):
    """The reservation is committed, and nobody has learnt of it."""
    api = paced.api()
    before = settled(api)
    host, port = paced.address().removeprefix("http://").split(":")
    body = json.dumps(say(LONG))
    pauses.arm(EVALUATED)
    with socket.create_connection((host, int(port)), timeout=30) as client:
        client.sendall(f"POST /v1/chat/completions HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {api.key}\r\n"
                       f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        pauses.await_reached(EVALUATED)
    if paced.shape == "split":
        poll(lambda: Samples(paced.metrics_text("gateway")).total("client_requests_in_flight", operation="policy.evaluate") == 0,
             "the gateway has given up", 30)
    pauses.release(EVALUATED)
    charged = settled(api) - before
    assert charged == 0 if paced.shape == "split" else charged < 1000, "in one process the model may have begun"
    assert active(paced) == 0


@pytest.mark.fail_points
def test_two_streams_interleave_and_share_their_steps(paced, pauses):
    api, words = paced.api(), say("on and on " * 40)
    calls = decode_calls(paced)
    api.post("/v1/chat/completions", words)
    alone = decode_calls(paced) - calls
    calls, before = decode_calls(paced), generated(paced)
    pauses.arm(MODEL_STEP)
    with api.open_chat(words) as first, api.open_chat(words) as second:
        pauses.await_reached(MODEL_STEP)
        poll(lambda: readers(paced) == 2, "both are asked for", 30)
        step_until(pauses, paced, before + 130)
        # The model stands still in the middle of both.
        assert first_words(first) and first_words(second), "neither waits for the other's end"
        assert readers(paced) == 2, "neither has ended"
        pauses.release(MODEL_STEP)
        for lines in (first, second):
            assert [line for line in lines if line][-1] == "data: [DONE]"
    assert decode_calls(paced) - calls < 1.5 * alone, "one step serves both"
