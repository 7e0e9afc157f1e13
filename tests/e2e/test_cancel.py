"""Cancelled runs, clients that go away, and two answers at once."""

import threading

import httpx

from api import say
from deployment import MODEL, poll
from metrics import Samples

LONG = "on and on " * 260  # up to the cap of a call, 1024 tokens


def slm(platform) -> Samples:
    return Samples(platform.metrics_text("slm"))


def active(platform) -> float:
    return slm(platform).total("slm_active_slots_count", model=MODEL)


def generated(platform) -> float:
    return slm(platform).total("gen_ai_server_tokens_total", model=MODEL, type="output")


def test_a_waiting_run_is_cancelled(api, reviewer):
    run_id = api.start("archivist")["run_id"]
    asked = api.until(run_id, "review_requested")["data"]
    api.post(f"/v1/runs/{run_id}/cancel")
    run = api.finished(run_id)
    assert run["status"] == "cancelled" and run["reason"] == "cancelled by developer"
    assert [e["type"] for e in api.durable_events(run_id)][-2:] == ["cancel_requested", "run_finished"]
    assert reviewer.post(f"/v1/reviews/{asked['review_id']}/approve", {}, expect=409)["code"] == "review_answered"


def test_a_run_is_cancelled_while_the_model_answers(api, platform):
    run_id = api.start("errand")["run_id"]
    api.until(run_id, "step_started")
    api.post(f"/v1/runs/{run_id}/cancel")
    run = api.finished(run_id)
    assert run["status"] == "cancelled"
    poll(lambda: active(platform) == 0, "the slot is free", 10)
    poll(lambda: api.get("/v1/budget")["reserved"] == 0, "what was not used is given back", 10)


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


def test_a_client_that_goes_away_frees_its_slot(platform, api):
    before = generated(platform)
    for event in api.chat_lines(say(LONG)):
        if event.data != "[DONE]" and event.json["choices"][0]["delta"].get("content"):
            break  # the connection is closed
    assert_soon_idle(platform, api)
    whole = api.post("/v1/chat/completions", say(LONG))["usage"]["completion_tokens"]
    assert generated(platform) - before < 2 * whole, "the answer that nobody read was not written to its end"


def test_a_client_that_goes_away_before_the_answer_frees_its_slot(platform, api):
    try:
        httpx.post(platform.address() + "/v1/chat/completions", json=say(LONG), headers={"Authorization": f"Bearer {api.key}"}, timeout=0.3)
    except httpx.TimeoutException:
        pass
    assert_soon_idle(platform, api)


def assert_soon_idle(platform, api):
    poll(lambda: active(platform) == 0, "the slot is free", 10)
    poll(lambda: api.get("/v1/budget")["reserved"] == 0, "the reservation is settled", 10)


def test_two_streams_interleave_and_share_their_steps(platform, api):
    def decode_calls() -> float:
        return slm(platform).total("slm_decode_calls_total", model=MODEL)

    def calls_of(work) -> float:
        before = decode_calls()
        work()
        return decode_calls() - before

    order: list[int] = []

    def read(n: int):
        for event in platform.api().chat_lines(say(LONG, temperature=0)):
            if event.data != "[DONE]":
                order.append(n)

    def both():
        threads = [threading.Thread(target=read, args=(n,)) for n in (1, 2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    alone = calls_of(lambda: read(0))
    together = calls_of(both)
    assert together < 1.8 * alone, "one step serves both"
    turns = [n for n in order if n]
    assert sum(1 for a, b in zip(turns, turns[1:]) if a != b) > 4, "neither waits for the other's end"
