"""Denied output: in stream and run, in both release modes, the denied term never leaves."""

import json
import sqlite3

import pytest

from api import say
from deployment import poll
from events import parse as events_of
from pause_points import MODEL_STEP

BEFORE = "These words come first and there are enough of them that several scan windows pass before the rest: " + "onward " * 70
TERM = "zebra-crossing-7"
AFTER = " and nobody reads these words at the end"


@pytest.fixture(scope="module")
def held(platform):
    """A person whose answers are held until they are decided as a whole."""
    return platform.new_principal("held", ["models:use"])


def content_of(chunks):
    return "".join(c["choices"][0]["delta"].get("content") or "" for c in chunks if c["choices"])


def stream(api, body):
    lines = [e.data for e in api.chat_lines(body)]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]


def test_a_stream_is_cut_before_the_term(api):
    chunks = stream(api, say(BEFORE + TERM + AFTER))
    text = content_of(chunks)
    assert chunks[-1]["choices"][0]["finish_reason"] == "content_filter"
    assert chunks[-1]["choices"][0]["delta"]["refusal"]
    assert text and ('"' + BEFORE).startswith(text), "what was scanned has left"
    assert "zebra" not in json.dumps(chunks)


def test_the_case_of_the_term_does_not_matter(api):
    chunks = stream(api, say(BEFORE + TERM.upper() + AFTER))
    assert chunks[-1]["choices"][0]["finish_reason"] == "content_filter"
    assert "zebra" not in json.dumps(chunks).lower()


def test_a_pattern_is_found_as_a_term_is(api):
    chunks = stream(api, say(BEFORE + "SECRET-2048" + AFTER))
    assert chunks[-1]["choices"][0]["finish_reason"] == "content_filter"
    assert "SECRET" not in json.dumps(chunks)
    assert stream(api, say("SECRET-20x8"))[-1]["choices"][0]["finish_reason"] == "stop", "and only where it matches"


def test_a_whole_answer_is_cut_before_the_term(api):
    answer = api.post("/v1/chat/completions", say(BEFORE + TERM + AFTER))
    choice = answer["choices"][0]
    assert choice["finish_reason"] == "content_filter" and choice["message"]["refusal"]
    assert "zebra" not in json.dumps(answer)


@pytest.mark.parametrize("text", [TERM, "x " + TERM, BEFORE + TERM])
def test_a_term_at_the_edge_of_an_answer_is_found(api, text):
    chunks = stream(api, say(text))
    assert chunks[-1]["choices"][0]["finish_reason"] == "content_filter"
    assert "zebra" not in json.dumps(chunks)


def test_a_term_in_an_answer_that_is_cut_short_does_not_leave_in_part(api):
    """The answer ends inside the term: what may become a match is decided with the end."""
    whole = say(BEFORE + TERM + AFTER)
    for tokens in range(2, 40, 6):
        chunks = stream(api, say("ab " + TERM, max_tokens=tokens))
        assert TERM not in content_of(chunks)
    assert "zebra" not in content_of(stream(api, whole))


def test_an_answer_without_the_term_leaves_whole(api, held):
    for person in (api, held):
        text = BEFORE + AFTER
        assert json.loads(content_of(stream(person, say(text)))) == text


def test_held_text_leaves_only_when_it_is_decided(held):
    chunks = stream(held, say(BEFORE + AFTER))
    pieces = [c for c in chunks if c["choices"] and c["choices"][0]["delta"].get("content")]
    assert len(pieces) == 1


def test_nothing_of_a_denied_held_answer_leaves(held):
    chunks = stream(held, say(BEFORE + TERM + AFTER))
    assert content_of(chunks) == ""
    assert chunks[-1]["choices"][0]["finish_reason"] == "content_filter"


def test_streamed_text_flows_in_the_window_mode(api):
    chunks = stream(api, say(BEFORE + BEFORE))
    assert len([c for c in chunks if c["choices"] and c["choices"][0]["delta"].get("content")]) > 3


def test_a_denied_output_ends_the_run_and_its_record_names_the_rule(api):
    started = api.start("mute", "Tell me about the sea.")
    everything = list(api.follow(started["run_id"]))
    events = [e.json for e in everything if e.id is not None]
    run = api.run(started["run_id"])
    assert run["status"] == "denied" and run["reason"].startswith("output_denied")
    denials = [e["data"] for e in events if e["type"] == "decided" and e["data"]["decision"] == "deny"]
    assert [d["action"] for d in denials] == ["model.output"]
    assert [r["rule"] for r in denials[0]["reasons"]] == ["e2e-mute"]
    [output] = [e["data"] for e in events if e["type"] == "model_output"]
    released = "".join(e.json["data"]["text"] for e in everything if e.event == "" and e.json["type"] == "delta")
    session = api.get(f"/v1/sessions/{started['session_id']}")
    said = [m["content"] for m in session["messages"] if m["role"] == "assistant"]
    assert output["denied"] and output["finish"] == "content_filter"
    assert output["text"] == released
    for text in (output["text"], run.get("answer", ""), *said):
        assert not set("aeiou") & set(text), "the capsule mute never shows a vowel"
    record = {r["data"]["decision_id"]: r for r in api.audit(started["run_id"]) if r["kind"] == "decision"}[denials[0]["decision_id"]]
    assert "e2e_vowel" in record["data"]["facts"]


def open_reservations(platform) -> list[tuple]:
    """Who asked for what is still reserved, from policy's store."""
    with sqlite3.connect(f"file:{platform.data}/policy/policy.db?mode=ro", uri=True) as database:
        return database.execute("SELECT r.tenant, d.subject, d.request_id, r.estimate FROM reservations r JOIN decisions d "
                                "ON d.tenant = r.tenant AND d.decision_id = r.decision WHERE r.state = 0").fetchall()


def settled(platform, api, whose: str) -> int:
    try:
        return poll(lambda: (b := api.get("/v1/budget"))["reserved"] == 0 and b, "nothing stays reserved")["settled"]
    except AssertionError as error:
        raise AssertionError(f"{whose} left open: {open_reservations(platform)}") from error


def test_a_denied_call_is_charged_what_it_used(platform, api):
    before = settled(platform, api, "an earlier call")
    answer = api.post("/v1/chat/completions", say(BEFORE + TERM + AFTER))
    assert settled(platform, api, "this call") - before == answer["usage"]["total_tokens"]


@pytest.mark.fail_points
@pytest.mark.parametrize("text", [BEFORE + AFTER, BEFORE + TERM + AFTER], ids=["clean", "denied"])
def test_a_stream_goes_on_although_policy_restarts_in_the_middle_of_it(paced, pauses, text):
    if paced.shape == "one":
        pytest.skip("one process: policy does not restart alone")
    api = paced.api()
    with api.open_chat(say(text)) as lines:
        received = []
        for event in events_of(lines):
            received.append(event)
            if len(content_of([json.loads(e.data) for e in received if e.data != "[DONE]"])) > 60:
                break
        pauses.arm(MODEL_STEP)
        pauses.await_reached(MODEL_STEP)
        paced.kill("policy")
        paced.restart("policy")
        pauses.release(MODEL_STEP)
        received += events_of(lines)
    assert received[-1].data == "[DONE]", received[-1]
    chunks = [json.loads(e.data) for e in received[:-1]]
    if TERM in text:
        assert chunks[-1]["choices"][0]["finish_reason"] == "content_filter"
        assert "zebra" not in json.dumps(chunks) and ('"' + text).startswith(content_of(chunks))
    else:
        assert json.loads(content_of(chunks)) == text
    settled(paced, api, "the stream")


@pytest.mark.fail_points
def test_a_run_goes_on_although_policy_restarts_in_the_middle_of_its_answer(paced, pauses):
    if paced.shape == "one":
        pytest.skip("one process: policy does not restart alone")
    api = paced.api()
    pauses.arm(MODEL_STEP)
    run = api.start("talker", "Hello")["run_id"]
    pauses.await_reached(MODEL_STEP)
    for _ in range(8):  # some tokens on their way
        pauses.step(MODEL_STEP)
    paced.kill("policy")
    paced.restart("policy")
    pauses.release(MODEL_STEP)
    assert api.finished(run)["status"] == "completed"
    assert [e["type"] for e in api.durable_events(run)].count("step_restarted") == 0, "the same attempt goes on"
