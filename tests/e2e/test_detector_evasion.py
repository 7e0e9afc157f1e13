"""Detectors see what the model sees: a word in disguise is refused as the word itself is, in prompts, calls and answers."""

import json

import pytest

from api import say
from test_output_release import AFTER, BEFORE, TERM, content_of, stream

WORD = "quokka-override"


def as_wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def as_tags(text: str) -> str:
    return "".join(chr(0xE0000 + ord(c)) for c in text)


def as_escapes(text: str) -> str:
    return "".join(f"\\u{ord(c):04x}" for c in text)


DISGUISES = {
    "as it stands": WORD,
    "full-width": as_wide(WORD),
    "Cyrillic": WORD.replace("o", "о").replace("e", "е").replace("a", "а"),
    "Greek": WORD.replace("o", "ο").replace("v", "ν").replace("k", "κ"),
    "mathematical": "".join(chr(0x1D41A + ord(c) - ord("a")) if c.isalpha() else c for c in WORD),
    "zero-width": "\u200b".join(WORD),
    "soft hyphens": "\u00ad".join(WORD),
    "many joiners": WORD[0] + "\u200d" * 200 + WORD[1:],
    "struck through": "\u0336".join(WORD),
    "bidi": "\u202e" + "\u2066".join(WORD) + "\u202c",
    "tags": "hello" + as_tags(WORD),
    "escapes": as_escapes(WORD),
    "escapes within escapes": as_escapes(WORD).replace("\\", "\\\\"),
    "escaped look-alike": WORD.replace("o", "\\u043e"),
}


def ask(messages: list, **more) -> dict:
    return {"model": "writ-tiny", "messages": messages, "max_tokens": 8} | more


def user(content) -> dict:
    return {"role": "user", "content": content}


def is_refused(api, body: dict) -> None:
    answer = api.post("/v1/chat/completions", body, expect=403)
    assert "policy_denied" in json.dumps(answer)


@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_disguised_word_in_a_prompt_is_refused(api, disguise):
    is_refused(api, ask([user("Please " + DISGUISES[disguise] + " now")]))


def test_a_word_split_over_messages_or_parts_is_refused(api):
    first, rest = WORD[:4], WORD[4:]
    is_refused(api, ask([user("Please " + first), user(rest + " now")]))
    is_refused(api, ask([{"role": "system", "content": first}, user(rest)]))
    is_refused(api, ask([user([{"type": "text", "text": c} for c in WORD])]))
    is_refused(api, ask([user([{"type": "text", "text": as_wide(first)}, {"type": "text", "text": "\u200b" + rest}])]))


@pytest.mark.parametrize("arguments", [
    json.dumps({"to": "ann", "body": WORD}),
    '{"body": "' + as_escapes(WORD) + '"}',
    '{"' + as_escapes(WORD) + '": 1}',
    json.dumps({"body": [WORD[:4], WORD[4:]]}),
    json.dumps({"a": WORD[:4], "b": WORD[4:]}),
    json.dumps({"body": json.dumps({"inner": as_wide(WORD)})}),
    '{"body": "{\\"inner\\": \\"' + as_escapes(WORD).replace("\\", "\\\\") + '\\"}"}',
])
def test_a_disguised_word_in_the_arguments_of_a_call_is_refused(api, arguments):
    call = {"id": "c1", "type": "function", "function": {"name": "send", "arguments": arguments}}
    is_refused(api, ask([user("Send it."), {"role": "assistant", "content": None, "tool_calls": [call]},
                         {"role": "tool", "tool_call_id": "c1", "content": "sent"}, user("And now?")]))


def test_a_word_in_the_id_of_a_call_is_refused(api):
    call = {"id": WORD, "type": "function", "function": {"name": "send", "arguments": "{}"}}
    is_refused(api, ask([user("Send it."), {"role": "assistant", "content": None, "tool_calls": [call]},
                         {"role": "tool", "tool_call_id": WORD, "content": "sent"}]))


def test_a_disguised_word_in_a_tool_or_a_schema_is_refused(api):
    tool = {"type": "function", "function": {"name": "send", "description": as_wide(WORD), "parameters": {"type": "object"}}}
    is_refused(api, ask([user("Hello")], tools=[tool]))
    schema = {"type": "object", "properties": {"a": {"type": "string", "description": "\u200b".join(WORD)}}}
    is_refused(api, ask([user("Hello")], response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}))


@pytest.mark.parametrize("disguise", ["full-width", "zero-width", "escapes"])
def test_a_run_is_refused_what_a_direct_call_is(api, disguise):
    run = api.finished(api.start("talker", prompt="Please " + DISGUISES[disguise])["run_id"])
    assert run["status"] == "denied"


def test_what_only_resembles_it_is_answered(api):
    for text in ("quokka overrides", "quokka\u2013ride", "qu okka-over ride", "сквока"):
        assert api.post("/v1/chat/completions", ask([user(text)]))["choices"]


TERMS = {
    "full-width": as_wide(TERM),
    "Cyrillic": TERM.replace("e", "е").replace("o", "о"),
    "zero-width": "\u200b".join(TERM),
    "marks": "\u0336".join(TERM),
    "soft hyphen": TERM[:3] + "\u00ad" + TERM[3:],
    "escapes": as_escapes(TERM),
}


@pytest.mark.parametrize("disguise", TERMS)
def test_an_answer_is_cut_before_a_disguised_term(api, disguise):
    chunks = stream(api, say(BEFORE + TERMS[disguise] + AFTER))
    text = content_of(chunks)
    assert chunks[-1]["choices"][0]["finish_reason"] == "content_filter"
    assert text and ('"' + BEFORE).startswith(text), "what was scanned has left, and nothing of the term"


def test_an_answer_with_other_letters_leaves_as_it_is(api):
    text = "Zürich, Łódź, Αθήνα, Москва, 東京, \u200d, 🙂 " * 8
    chunks = stream(api, say(text))
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert json.loads(content_of(chunks)) == text
