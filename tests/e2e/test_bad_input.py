"""Bad input: refused with a status and a JSON pointer for each problem, and never an effect."""

import json
import socket

import httpx
import pytest

from metrics import Rise


@pytest.fixture(scope="module", autouse=True)
def no_effect(platform):
    rise = Rise(platform)
    yield
    rise.now()
    assert rise.of("orchestrator_runs_started_total") == 0
    assert rise.of("policy_decisions_total") == 0
    assert rise.by("requests_total", "operation", outcome="internal") == {}


@pytest.fixture
def send(platform, api):
    def post(content: bytes | str, path: str = "/v1/sessions", content_type: str | None = "application/json", expect: int = 400) -> dict:
        headers = {"Authorization": f"Bearer {api.key}"} | ({"Content-Type": content_type} if content_type else {})
        answer = httpx.post(platform.address() + path, content=content, headers=headers, timeout=20)
        assert answer.status_code == expect, answer.text
        return answer.json()
    return post


def pointers(problem: dict) -> set[str]:
    return {p["pointer"] for p in problem["problems"]}


@pytest.mark.parametrize("text", ['{"prompt":', "{'prompt': 1}", '{"prompt": "a"} x', "\x00", '{"prompt": "\\ud800"}', '{"prompt": NaN}', "nul"])
def test_wrong_json_is_refused(send, openapi, text):
    problem = send(text)
    openapi.check_problem(problem)
    assert problem["kind"] == "invalid" and problem["detail"] and problem["trace_id"]


@pytest.mark.parametrize("text", ["[]", '"text"', "7", "null"])
def test_a_body_that_is_no_object_is_refused_at_its_root(send, text):
    assert pointers(send(text)) == {""}


@pytest.mark.parametrize("body, expected", [
    ({}, {"/prompt"}),
    ({"prompt": ""}, {"/prompt"}),
    ({"prompt": 1, "model": [], "capsule": {}, "metadata": "x"}, {"/prompt", "/model", "/capsule", "/metadata"}),
    ({"prompt": "x", "nope": 1, "also": 2}, {"/nope", "/also"}),
    ({"prompt": None}, {"/prompt"}),
    ({"prompt": "x", "metadata": {"a": 1, "b/c": []}}, {"/metadata/a", "/metadata/b~1c"}),
    ({"prompt": "x" * 65_537}, {"/prompt"}),
    ({"prompt": "x", "capsule": "c" * 129}, {"/capsule"}),
    ({"prompt": "x", "tool_choice": "sometimes"}, {"/tool_choice"}),
    ({"prompt": "x", "tool_choice": {"type": "function"}}, {"/tool_choice"}),
])
def test_every_problem_is_named_by_its_pointer(send, openapi, body, expected):
    problem = send(json.dumps(body))
    assert pointers(problem) == expected
    openapi.check_problem(problem)


def test_a_query_is_checked_as_a_body_is(api):
    assert pointers(api.get("/v1/audit?limit=0&after=-1", expect=400)) == {"/limit", "/after"}
    assert pointers(api.get("/v1/audit?limit=many", expect=400)) == {"/limit"}
    assert pointers(api.get("/v1/audit?limits=1", expect=400)) == {"/limits"}
    assert pointers(api.get("/v1/audit?limit=1&limit=2", expect=400)) == {"/limit"}


def test_a_body_that_is_too_large_is_refused(send):
    assert send(json.dumps({"prompt": "x" * 300_000}), expect=413)["kind"] == "too_large"


def test_a_chunked_body_that_is_too_large_is_refused(platform, api):
    def pieces():
        for _ in range(40):
            yield b" " * 16_384
    answer = httpx.post(platform.address() + "/v1/sessions", content=pieces(), timeout=20,
                        headers={"Authorization": f"Bearer {api.key}", "Content-Type": "application/json"})
    assert answer.status_code == 413


def test_a_body_that_is_too_deep_is_refused(send):
    for opening, closing in (("[", "]"), ('{"a":', "}")):
        send('{"prompt": "x", "metadata": ' + opening * 20_000 + "1" + closing * 20_000 + "}")


@pytest.mark.parametrize("raw", [b'{"prompt": "\xff\xfe"}', b'{"prompt": "\xc0\xaf"}', b'{"prompt": "\xed\xa0\x80"}', b'{"\xff": 1}'])
def test_invalid_utf8_is_refused(send, raw):
    assert send(raw)["code"] == "bad_encoding"


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "multipart/form-data", None])
def test_another_content_type_is_refused(send, content_type):
    assert send('{"prompt": "x"}', content_type=content_type, expect=415)["kind"] == "unsupported_media"


def test_openais_routes_refuse_in_openais_shape(send):
    chat = "/v1/chat/completions"
    for content, status in (('{"messages":', 400), ('{"messages": "x"}', 400), (b'{"messages": "\xff"}', 400), ("{}", 400)):
        error = send(content, path=chat, expect=status)["error"]
        assert error["type"] == "invalid_request_error" and error["message"]
    assert send('{"messages": "x"}', path=chat)["error"]["param"] == "messages"
    assert send("x", path=chat, content_type="text/plain", expect=415)["error"]["type"] == "invalid_request_error"
    assert send("x" * 9_000_000, path=chat, expect=413)["error"]["type"] == "invalid_request_error"


def test_unknown_paths_and_methods_are_named(platform, api):
    assert api.get("/v1/nothing", expect=404)["kind"] == "not_found"
    answer = api.request("DELETE", "/v1/sessions")
    assert answer.status_code == 405 and "POST" in answer.headers["allow"]


@pytest.mark.parametrize("path", ["/v1/runs/../audit", "/v1/runs/%2e%2e%2faudit", "/v1/runs/run_%00", "/v1/runs/" + "x" * 3000, "/v1/runs/%zz", "/v1/runs/ñ"])
def test_odd_ids_are_refused_or_not_found(platform, api, path):
    host, port = platform.address().removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as s:
        s.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.key}\r\nConnection: close\r\n\r\n".encode())
        status = int(s.makefile("rb").readline().split()[1])
    assert status in (400, 404), path


@pytest.mark.parametrize("raw, statuses", [
    (b"GARBAGE\r\n\r\n", {400}),
    (b"GET / HTTP/9.9\r\n\r\n", {400, 505}),
    (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: " + b"y" * 40_000 + b"\r\n\r\n", {400, 413, 431}),
    (b"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400, 401}),
    (b"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", {400}),
    (b"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", {400}),
])
def test_what_is_no_http_is_refused_and_the_server_goes_on(platform, raw, statuses):
    host, port = platform.address().removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as s:
        s.sendall(raw)
        line = s.makefile("rb").readline()
    assert int(line.split()[1]) in statuses, line
    assert httpx.get(platform.address() + "/health").status_code == 200


def test_no_answer_shows_what_is_inside(send):
    for content in ('{"prompt":', "[]", '{"prompt": 1}', '{"prompt": "x", "model": 2}'):
        text = json.dumps(send(content))
        for inside in (".cc", ".h:", "std::", "boost", "exception", "/src/", "0x"):
            assert inside not in text


def test_a_request_id_is_given_back_and_a_trace_goes_through(platform, api):
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    answer = api.request("GET", "/v1/runs/run_nothing", headers={"X-Request-ID": "mine-7", "traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
    assert answer.headers["x-request-id"] == "mine-7"
    assert answer.json()["trace_id"] == trace
    assert answer.headers["content-type"].startswith("application/problem+json")
    odd = api.request("GET", "/v1/budget", headers={"X-Request-ID": "a b\tc" * 100})
    assert odd.headers["x-request-id"] != "a b\tc" * 100
