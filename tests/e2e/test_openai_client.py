"""POST /v1/chat/completions and GET /v1/models, used unmodified by the official client."""

import json

import jsonschema
import openai
import pytest

from api import forced, say

QUESTION = [{"role": "user", "content": "What is 17 times 23?"}]
CALCULATOR = {
    "type": "function",
    "function": {
        "name": "calculator",
        "description": "Evaluate an arithmetic expression.",
        "parameters": {"type": "object", "properties": {"expression": {"type": "string", "minLength": 1, "maxLength": 40}},
                       "required": ["expression"], "additionalProperties": False},
    },
}


@pytest.fixture
def client(platform, api):
    return openai.OpenAI(base_url=platform.address() + "/v1", api_key=api.key, max_retries=0, timeout=60)


def test_a_chat_is_answered_with_usage(client):
    answer = client.chat.completions.create(model="writ-tiny", messages=QUESTION, max_tokens=16)
    assert answer.object == "chat.completion"
    assert answer.id.startswith("chatcmpl-")
    assert answer.model == "writ-tiny"
    assert answer.choices[0].message.role == "assistant"
    assert answer.choices[0].message.content
    assert answer.choices[0].finish_reason in ("stop", "length")
    assert 0 < answer.usage.completion_tokens <= 16
    assert answer.usage.prompt_tokens > 0
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


def test_a_stream_gives_the_text_of_the_whole_answer(client):
    whole = client.chat.completions.create(model="writ-tiny", messages=QUESTION, max_tokens=64, temperature=0)
    chunks = list(client.chat.completions.create(model="writ-tiny", messages=QUESTION, max_tokens=64, temperature=0, stream=True,
                                                 stream_options={"include_usage": True}))
    assert chunks[0].choices[0].delta.role == "assistant"
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == whole.choices[0].message.content
    assert [c.choices[0].finish_reason for c in chunks if c.choices and c.choices[0].finish_reason] == [whole.choices[0].finish_reason]
    assert chunks[-1].choices == []
    assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens
    assert chunks[-1].usage.prompt_tokens == whole.usage.prompt_tokens
    assert len({c.id for c in chunks}) == 1


def test_a_stream_without_include_usage_carries_none(client):
    chunks = list(client.chat.completions.create(model="writ-tiny", messages=QUESTION, max_tokens=8, stream=True))
    assert all(c.usage is None and c.choices for c in chunks)


def test_a_forced_tool_call_matches_the_tools_schema(client):
    answer = client.chat.completions.create(model="writ-tiny", messages=QUESTION, tools=[CALCULATOR], tool_choice=forced("calculator"), max_tokens=400)
    choice = answer.choices[0]
    assert choice.finish_reason == "tool_calls"
    assert choice.message.content is None
    assert [c.function.name for c in choice.message.tool_calls] == ["calculator"]
    assert choice.message.tool_calls[0].type == "function"
    assert choice.message.tool_calls[0].id.startswith("call_")
    jsonschema.validate(json.loads(choice.message.tool_calls[0].function.arguments), CALCULATOR["function"]["parameters"])


def test_a_streamed_tool_call_matches_the_tools_schema(client):
    chunks = list(client.chat.completions.create(model="writ-tiny", messages=QUESTION, tools=[CALCULATOR], tool_choice="required", max_tokens=400, stream=True))
    calls = [call for c in chunks for call in (c.choices[0].delta.tool_calls or [])]
    assert calls[0].index == 0 and calls[0].function.name == "calculator" and calls[0].id
    jsonschema.validate(json.loads("".join(c.function.arguments for c in calls)), CALCULATOR["function"]["parameters"])
    assert chunks[-1].choices[0].finish_reason == "tool_calls"
    assert not any(c.choices[0].delta.content for c in chunks), "what becomes a tool call is not text too"


def test_a_tools_answer_is_taken_into_the_conversation(client):
    call = {"id": "call_1", "type": "function", "function": {"name": "calculator", "arguments": '{"expression": "17 * 23"}'}}
    messages = QUESTION + [{"role": "assistant", "content": None, "tool_calls": [call]}, {"role": "tool", "tool_call_id": "call_1", "content": '{"result": "391"}'}]
    without = client.chat.completions.create(model="writ-tiny", messages=QUESTION, tools=[CALCULATOR], tool_choice="none", max_tokens=16)
    answer = client.chat.completions.create(model="writ-tiny", messages=messages, tools=[CALCULATOR], tool_choice="none", max_tokens=16)
    assert answer.choices[0].message.tool_calls is None
    assert answer.usage.prompt_tokens > without.usage.prompt_tokens


def test_an_answer_keeps_to_its_json_schema(client):
    schema = {"type": "object", "properties": {"colour": {"enum": ["red", "green"]}, "many": {"type": "boolean"}}, "required": ["colour", "many"], "additionalProperties": False}
    answer = client.chat.completions.create(model="writ-tiny", messages=QUESTION, max_tokens=64,
                                            response_format={"type": "json_schema", "json_schema": {"name": "thing", "schema": schema}})
    jsonschema.validate(json.loads(answer.choices[0].message.content), schema)


def test_a_forced_text_is_the_whole_answer(client):
    answer = client.chat.completions.create(**say("an answer of known words"))
    assert json.loads(answer.choices[0].message.content) == "an answer of known words"
    assert answer.choices[0].finish_reason == "stop"


def test_max_tokens_ends_an_answer_with_length(client):
    answer = client.chat.completions.create(**say("one two three four five six seven eight nine ten", max_tokens=3))
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage.completion_tokens == 3


def test_the_models_are_listed(client):
    models = client.models.list().data
    assert [m.id for m in models if m.model_extra["default"]] == ["writ-tiny"]
    one = client.models.retrieve("writ-tiny")
    assert one.object == "model" and one.owned_by


def test_an_absent_model_is_the_default_one(api):
    assert api.post("/v1/chat/completions", {"messages": QUESTION, "max_tokens": 4})["model"] == "writ-tiny"


def test_a_bad_key_is_an_authentication_error(platform):
    stranger = openai.OpenAI(base_url=platform.address() + "/v1", api_key="writ_wrong", max_retries=0)
    with pytest.raises(openai.AuthenticationError) as error:
        stranger.chat.completions.create(model="writ-tiny", messages=QUESTION)
    assert error.value.body["type"] == "authentication_error"


def test_an_unknown_model_is_a_not_found_error(client):
    with pytest.raises(openai.NotFoundError) as error:
        client.chat.completions.create(model="gpt-nothing", messages=QUESTION)
    assert error.value.code == "model_not_found"
    assert error.value.param == "model"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-nothing")


@pytest.mark.parametrize("change, param", [
    ({"messages": []}, "messages"),
    ({"messages": [{"role": "nobody", "content": "x"}]}, "messages[0].role"),
    ({"messages": [{"role": "user"}]}, "messages[0].content"),
    ({"temperature": 9}, "temperature"),
    ({"max_tokens": 0}, "max_tokens"),
    ({"n": 3}, "n"),
    ({"tools": [{"type": "function", "function": {"name": "no spaces"}}]}, "tools[0].function.name"),
    ({"logprobs": True}, "logprobs"),
    ({"response_format": {"type": "json_schema"}}, "response_format.json_schema.schema"),
])
def test_a_bad_request_names_its_parameter(client, change, param):
    with pytest.raises(openai.BadRequestError) as error:
        client.chat.completions.create(**({"model": "writ-tiny", "messages": QUESTION} | change))
    assert error.value.type == "invalid_request_error"
    assert error.value.param == param


def test_a_conversation_beyond_the_context_is_a_bad_request(client):
    with pytest.raises(openai.BadRequestError) as error:
        client.chat.completions.create(model="writ-tiny", messages=[{"role": "user", "content": "word " * 20_000}])
    assert error.value.code == "context_length_exceeded"


def test_unknown_fields_are_ignored_as_clients_expect(client):
    assert client.chat.completions.create(model="writ-tiny", messages=QUESTION, max_tokens=4, user="me", extra_body={"something_new": {"x": 1}}).choices


def test_a_denied_call_is_a_permission_error(platform):
    key = platform.new_principal("modelless", ["models:use"]).key
    client = openai.OpenAI(base_url=platform.address() + "/v1", api_key=key, max_retries=0)
    for stream in (False, True):
        with pytest.raises(openai.PermissionDeniedError) as error:
            client.chat.completions.create(model="writ-tiny", messages=QUESTION, stream=stream)
        assert error.value.code == "policy_denied"


def test_a_call_that_needs_a_review_is_refused_and_says_so(platform):
    key = platform.new_principal("watched", ["models:use"]).key
    client = openai.OpenAI(base_url=platform.address() + "/v1", api_key=key, max_retries=0)
    with pytest.raises(openai.PermissionDeniedError) as error:
        client.chat.completions.create(model="writ-tiny", messages=QUESTION)
    assert error.value.code == "review_required"


def test_every_completion_is_found_in_the_audit(api):
    answer = api.request("POST", "/v1/chat/completions", json={"messages": QUESTION, "max_tokens": 4})
    records = {r["data"]["decision_id"]: r for r in api.audit() if r["kind"] == "decision"}
    record = records[answer.headers["writ-decision"]]
    assert record["data"]["request"]["action"] == "model.call"
    assert record["data"]["request_id"].startswith("call_" + answer.json()["id"].removeprefix("chatcmpl-"))
