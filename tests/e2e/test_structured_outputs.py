"""Schemas of answers and tools: what is answered satisfies them, what cannot be enforced is refused by name, and no schema holds others up."""

import concurrent.futures
import json
import time

import jsonschema
import pytest

QUESTION = [{"role": "user", "content": "Describe it."}]


def body(schema=None, **more) -> dict:
    asked = {"model": "writ-tiny", "messages": QUESTION, "max_tokens": 60, "temperature": 0, **more}
    if schema is not None:
        asked["response_format"] = {"type": "json_schema", "json_schema": {"name": "x", "strict": True, "schema": schema}}
    return asked


def tool(name: str, parameters: dict) -> dict:
    return {"type": "function", "function": {"name": name, "parameters": parameters}}


def refusal(answer) -> tuple[str, str]:
    assert answer.status_code == 400, answer.text[:500]
    error = answer.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert len(answer.content) < 20_000
    return error["code"], error["param"]


def chat(api, asked: dict):
    return api.request("POST", "/v1/chat/completions", json=asked)


PLACE = "response_format.json_schema.schema"
HOSTILE = {
    "a name of 50,000 characters": ({"type": "object", "properties": {"!" * 50_000: {"type": "string"}}}, PLACE + ".properties"),
    "a chain of 12,000 references": ({"$ref": "#/$defs/c0", "$defs": {f"c{i}": {"$ref": f"#/$defs/c{i + 1}"} for i in range(8_000)} | {"c8000": True}}, None),
    "40,000 enum values": ({"enum": [f"v{i}" for i in range(20_000)]}, PLACE + ".enum"),
    "3,000 optional properties": ({"type": "object", "properties": {f"p{i}": {"type": "string"} for i in range(3_000)}}, PLACE + ".properties"),
    "a circle of references": ({"$ref": "#"}, PLACE + ".$ref"),
    "look-ahead": ({"type": "string", "pattern": "^(?=.*[0-9]).{8,}$"}, PLACE + ".pattern"),
    "an invalid pattern": ({"type": "string", "pattern": "^[a"}, PLACE + ".pattern"),
    "nested quantifiers": ({"type": "string", "pattern": "((a{1,1000}){1,1000})"}, PLACE + ".pattern"),
    "uniqueItems": ({"type": "array", "items": {"type": "array", "uniqueItems": True}}, PLACE + ".items.uniqueItems"),
    "not": ({"not": {"type": "string"}}, PLACE + ".not"),
    "if": ({"if": {"type": "string"}, "then": {"minLength": 3}}, PLACE + ".if"),
    "an overlapping oneOf": ({"type": "object", "properties": {"a": {"oneOf": [{"type": "string", "minLength": 1}, {"type": "string", "maxLength": 9}]}}}, PLACE + ".properties.a.oneOf"),
    "huge minLength": ({"type": "string", "minLength": 10**9}, PLACE + ".minLength"),
    "huge minItems": ({"type": "array", "minItems": 10**12}, PLACE + ".minItems"),
    "nothing satisfies it": ({"type": "object", "properties": {"a": {"type": "integer", "minimum": 3, "maximum": 2}}, "required": ["a"]}, PLACE + ".properties.a"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_cannot_be_enforced_is_refused_at_its_place(api, name):
    schema, place = HOSTILE[name]
    began = time.monotonic()
    code, param = refusal(chat(api, body(schema)))
    assert code == "bad_json_schema"
    assert param.startswith(place or PLACE)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("name", HOSTILE)
def test_the_same_in_a_tools_parameters_is_refused_at_its_place(api, name):
    schema, place = HOSTILE[name]
    tools = [tool("other", {"type": "object"}), tool("it", {"type": "object", "properties": {"x": schema}, "required": ["x"]} if name != "a circle of references" and "$ref" not in schema else {"type": "object", **schema})]
    code, param = refusal(chat(api, body(tools=tools)))
    assert code == "bad_tools"
    assert param.startswith("tools[1].function.parameters")


def test_a_refused_schema_costs_no_decision(api, platform):
    before = len(api.audit())
    refusal(chat(api, body({"not": {}})))
    refusal(chat(api, body({"type": "object", "properties": {"a": {"oneOf": [{"minLength": 1}, {"maxLength": 9}]}}})))
    assert len(api.audit()) == before


def test_doubling_definitions_are_answered_and_satisfied(api):
    defs = {f"d{i}": {"anyOf": [{"$ref": f"#/$defs/d{i + 1}"}] * 2} for i in range(60)} | {"d60": {"type": "integer", "minimum": 1, "maximum": 99}}
    answer = chat(api, body({"$ref": "#/$defs/d0", "$defs": defs}))
    assert answer.status_code == 200, answer.text
    assert 1 <= json.loads(answer.json()["choices"][0]["message"]["content"]) <= 99


SATISFIED = [
    {"type": "object", "properties": {"a": {"type": "string", "pattern": "[0-9]{4}", "maxLength": 8}, "b": {"type": "integer", "multipleOf": 5, "minimum": 1, "maximum": 500}}, "required": ["a", "b"], "additionalProperties": False},
    {"type": "object", "properties": {"when": {"type": "string", "format": "date"}, "who": {"type": "string", "format": "email", "maxLength": 20}}, "required": ["when", "who"], "additionalProperties": False},
    {"type": "array", "items": {"enum": ["red", "green", 3, None]}, "minItems": 2, "maxItems": 3},
    {"$defs": {"n": {"type": "object", "properties": {"v": {"type": "boolean"}, "k": {"type": "array", "items": {"$ref": "#/$defs/n"}, "maxItems": 1}}, "required": ["v", "k"], "additionalProperties": False}}, "$ref": "#/$defs/n"},
    {"anyOf": [{"type": "object", "properties": {"x": {"const": "a"}}, "required": ["x"], "additionalProperties": False}, {"type": "null"}]},
    {"type": "number", "exclusiveMinimum": 1, "maximum": 2},
    {"type": "object", "minProperties": 1, "properties": {"p": {"type": "null"}, "q": {"type": "null"}}, "additionalProperties": False},
]


@pytest.mark.parametrize("schema", SATISFIED, ids=range(len(SATISFIED)))
def test_an_answer_that_is_not_cut_satisfies_its_schema(api, schema):
    complete = 0
    for seed in range(6):
        answer = chat(api, body(schema, temperature=1.5, seed=seed, max_tokens=200))
        assert answer.status_code == 200, answer.text
        choice = answer.json()["choices"][0]
        if choice["finish_reason"] == "length":
            continue
        jsonschema.validate(json.loads(choice["message"]["content"]), schema, format_checker=jsonschema.FormatChecker())
        complete += 1
    assert complete > 0


@pytest.mark.parametrize("choice", ["auto", "required"])
def test_parallel_tool_calls_false_gives_one_call_at_most(api, choice):
    tools = [tool("a", {"type": "object", "properties": {}, "additionalProperties": False}), tool("b", {"type": "object", "properties": {}, "additionalProperties": False})]
    for seed in range(8):
        for parallel in (False, True):
            asked = body(tools=tools, tool_choice=choice, temperature=1.8, seed=seed, max_tokens=200, parallel_tool_calls=parallel)
            answer = chat(api, asked)
            assert answer.status_code == 200, answer.text
            calls = answer.json()["choices"][0]["message"].get("tool_calls") or []
            if not parallel:
                assert len(calls) <= 1


def test_hostile_schemas_of_one_tenant_keep_nobody_else_waiting(own_platform):
    platform = own_platform().start()
    noisy, quiet = platform.developer_of("noisy"), platform.developer_of("quiet")
    big = {"type": "object", "properties": {f"p{i}": {"type": "string", "pattern": f"^(a|b)*a(a|b){{{i % 50}}}$"} for i in range(600)}, "additionalProperties": False}
    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        load = [pool.submit(chat, noisy, body({**big, "title": str(n)} | {"required": [f"p{n}"]})) for n in range(24)]
        slowest = 0.0
        for _ in range(6):
            began = time.monotonic()
            assert chat(quiet, body(max_tokens=2)).status_code == 200
            assert platform.readiness()[0] == 200
            slowest = max(slowest, time.monotonic() - began)
        answered = [one.result().status_code for one in load]
    assert slowest < 20, slowest
    assert set(answered) <= {200, 400, 503, 429}, answered
    platform.stop()
