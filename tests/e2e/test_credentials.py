"""What keys and tokens may do over time: scopes narrow for good, and a revocation reaches what descends from it."""

import threading
import time
from uuid import uuid4

import pytest

from api import Api
from deployment import poll

SECONDS = 4  # a revocation is stated to arrive within 2 s; a crowded machine has as much again


def someone(platform, scopes, tenant="local", **more):
    subject = f"someone-{uuid4().hex[:8]}"
    made = platform.admin.post("/v1/keys", {"subject": subject, "scopes": scopes, "tenant": tenant, **more}, expect=201)
    return subject, Api(platform, made["api_key"]), made


def ends(api, what, path="/v1/budget"):
    poll(lambda: api.request("GET", path).status_code == 401, what, SECONDS)


EVERYTHING = ["runs:write", "runs:read", "models:use", "tokens:issue"]


def decided(platform, run_id):
    """The scopes that the run's decisions were made with, from the audit."""
    rows = [r for r in platform.api().audit(run_id) if r["kind"] == "decision"]
    return [set(r["data"]["request"]["context"]["scopes"]) for r in rows]


def test_a_run_of_a_narrowed_token_is_decided_with_the_token_s_scopes(platform):
    subject, wide, _ = someone(platform, EVERYTHING)
    narrow = Api(platform, wide.post("/v1/tokens/issue", {"subject": subject, "scopes": ["runs:write", "runs:read"]})["access_token"])
    run_id = narrow.start("talker", "Hello")["run_id"]
    poll(lambda: wide.run(run_id)["status"] in ("completed", "failed", "denied"), "the run ends")
    scopes = decided(platform, run_id)
    assert scopes and all(s == {"runs:write", "runs:read"} for s in scopes), scopes


def test_the_next_message_has_the_scopes_of_who_sends_it(platform):
    subject, wide, _ = someone(platform, EVERYTHING)
    session = wide.start("talker", "Hello")
    wide.finished(session["run_id"])
    narrow = Api(platform, wide.post("/v1/tokens/issue", {"subject": subject, "scopes": ["runs:write", "runs:read"]})["access_token"])
    second = narrow.post(f"/v1/sessions/{session['session_id']}/messages", {"prompt": "Again"}, expect=201)["run_id"]
    poll(lambda: wide.run(second)["status"] in ("completed", "failed", "denied"), "the run ends")
    assert all("models:use" in s for s in decided(platform, session["run_id"]))
    assert decided(platform, second) and all("models:use" not in s for s in decided(platform, second))


def test_a_parked_run_goes_on_with_what_its_key_has_left(platform, reviewer):
    subject, api, made = someone(platform, ["runs:write", "runs:read", "models:use"])
    run_id = api.start("archivist")["run_id"]
    asked = api.until(run_id, "review_requested")["data"]
    platform.admin.request("PUT", f"/v1/keys/{made['key_id']}/scopes", json={"scopes": ["runs:read", "models:use"]}).raise_for_status()
    reviewer.post(f"/v1/reviews/{asked['review_id']}/approve", {})
    poll(lambda: api.run(run_id)["status"] in ("completed", "failed", "denied"), "the run ends")
    assert "runs:write" not in decided(platform, run_id)[-1]


@pytest.mark.parametrize("how", ["key", "subject", "token", "removed"])
def test_a_parked_run_ends_with_what_started_it(platform, reviewer, how):
    subject, api, made = someone(platform, EVERYTHING)
    token = api.post("/v1/tokens/issue", {"subject": subject})["access_token"]
    starter = Api(platform, token) if how == "token" else api
    run_id = starter.start("archivist")["run_id"]
    asked = starter.until(run_id, "review_requested")["data"]
    if how == "removed":
        platform.admin.request("DELETE", f"/v1/principals/{subject}").raise_for_status()
    else:
        platform.admin.post("/v1/tokens/revoke", {"key": {"key_id": made["key_id"]}, "subject": {"subject": subject}, "token": {"token": token}}[how])
    ends(starter, "what started it holds no more")
    reviewer.post(f"/v1/reviews/{asked['review_id']}/approve", {})
    run = poll(lambda: (r := platform.admin.run(run_id))["status"] == "failed" and r, "the run ends")
    assert run["reason"].split(":")[0] in ("key_revoked", "token_revoked", "principal_gone"), run
    assert not [e for e in platform.admin.durable_events(run_id) if e["type"] == "tool_result"]


def test_a_parked_run_ends_with_its_revoked_key_after_a_restart(own_platform):
    platform = own_platform().start()
    reviewer = platform.new_principal("reviewer", ["reviews:decide"])
    _, api, made = someone(platform, ["runs:write", "runs:read", "models:use"])
    run_id = api.start("archivist")["run_id"]
    asked = api.until(run_id, "review_requested")["data"]
    platform.kill("orchestrator")
    platform.restart("orchestrator")
    platform.admin.post("/v1/tokens/revoke", {"key_id": made["key_id"]})
    reviewer.post(f"/v1/reviews/{asked['review_id']}/approve", {})
    run = poll(lambda: (r := platform.admin.run(run_id))["status"] == "failed" and r, "the run ends")
    assert run["reason"].startswith("key_revoked")


def test_a_revoked_person_s_keys_and_tokens_end_and_new_ones_hold(platform):
    subject, api, _ = someone(platform, EVERYTHING)
    token = Api(platform, api.post("/v1/tokens/issue", {"subject": subject})["access_token"])
    token.get("/v1/budget")
    platform.admin.post("/v1/tokens/revoke", {"subject": subject})
    ends(api, "the key ends")
    ends(token, "the token ends")
    back = platform.new_principal(subject, ["runs:read"])
    back.get("/v1/budget")
    assert token.request("GET", "/v1/budget").status_code == 401


def test_a_revoked_key_ends_the_tokens_that_came_from_it(platform):
    subject, api, made = someone(platform, EVERYTHING)
    token = Api(platform, api.post("/v1/tokens/issue", {"subject": subject, "ttl_seconds": 3600})["access_token"])
    again = Api(platform, token.post("/v1/tokens/issue", {"subject": subject, "ttl_seconds": 3600})["access_token"])
    platform.admin.post("/v1/tokens/revoke", {"key_id": made["key_id"]})
    ends(token, "a token of the key ends")
    ends(again, "a token of a token of the key ends")


@pytest.mark.parametrize("how", ["subject", "token"])
def test_no_renewal_outruns_a_revocation(platform, how):
    subject, api, _ = someone(platform, EVERYTHING)
    first = api.post("/v1/tokens/issue", {"subject": subject, "ttl_seconds": 3600})["access_token"]
    tokens, stop = [first], threading.Event()

    def renew():
        while not stop.is_set():
            answer = Api(platform, tokens[-1]).request("POST", "/v1/tokens/issue", json={"subject": subject, "ttl_seconds": 3600})
            if answer.status_code != 200:
                return
            tokens.append(answer.json()["access_token"])

    renewing = threading.Thread(target=renew)
    renewing.start()
    time.sleep(0.5)
    platform.admin.post("/v1/tokens/revoke", {"subject": subject} if how == "subject" else {"token": first})
    renewing.join(SECONDS)
    stop.set()
    renewing.join()
    assert len(tokens) > 3
    for token in (tokens[0], tokens[len(tokens) // 2], tokens[-2], tokens[-1]):
        ends(Api(platform, token), "every token of the line has ended")


def test_an_open_stream_ends_with_its_key(platform):
    _, api, made = someone(platform, ["runs:write", "runs:read", "models:use"])
    run_id = api.start("archivist")["run_id"]
    api.until(run_id, "review_requested")
    ended = threading.Event()

    def watch():
        try:
            for _ in api.follow(run_id):
                pass
        except Exception:
            pass
        ended.set()

    threading.Thread(target=watch, daemon=True).start()
    time.sleep(0.5)
    assert not ended.is_set()
    platform.admin.post("/v1/tokens/revoke", {"key_id": made["key_id"]})
    assert ended.wait(SECONDS), "the stream is open after the revocation"
    platform.admin.post(f"/v1/runs/{run_id}/cancel")


def test_scopes_taken_from_a_person_are_gone_from_keys_and_tokens(platform):
    subject, api, _ = someone(platform, EVERYTHING)
    token = Api(platform, api.post("/v1/tokens/issue", {"subject": subject, "ttl_seconds": 3600})["access_token"])
    platform.admin.request("PUT", f"/v1/principals/{subject}/scopes", json={"scopes": ["runs:read"]}).raise_for_status()
    for who in (api, token):
        poll(lambda: who.request("POST", "/v1/sessions", json={"prompt": "Hello"}).status_code == 403, "runs:write is gone", SECONDS)
        who.get("/v1/budget")


def test_two_tenants_whose_names_join_to_one_text_are_two(platform):
    one = platform.new_principal("emea/ann", ["runs:read", "tokens:revoke"], "acme")
    other = platform.new_principal("ann", ["runs:read"], "acme/emea")
    platform.new_principal("boss", ["tokens:revoke"], "acme").post("/v1/tokens/revoke", {"subject": "emea/ann"})
    ends(one, "acme's emea/ann is revoked")
    other.get("/v1/budget")


@pytest.mark.parametrize("subject", ["Ann", "ann ", "an\u0000n", "ann\n", "\u0430nn", "an\u200bn", "\uff41nn", "svc:gateway", "a" * 10_000, ""])
def test_a_name_that_could_be_taken_for_another_is_refused(platform, subject):
    answer = platform.admin.request("POST", "/v1/keys", json={"subject": subject, "scopes": ["runs:read"]})
    assert answer.status_code == 400, answer.text
    assert answer.json()["problems"][0]["pointer"] == "/subject"


def test_one_person_is_not_four_eyes(platform):
    """Who may make keys makes a second subject, or a key of another's, and approves with it."""
    scopes = ["runs:write", "runs:read", "models:use", "reviews:decide", "admin.keys", "tokens:issue"]
    subject, api, _ = someone(platform, scopes)
    run_id = api.start("archivist")["run_id"]
    review_id = api.until(run_id, "review_requested")["data"]["review_id"]
    puppet = f"puppet-{uuid4().hex[:8]}"
    made = api.post("/v1/keys", {"subject": puppet, "scopes": ["reviews:decide", "tokens:issue"]}, expect=201)
    stolen = api.post("/v1/keys", {"subject": "reviewer", "scopes": ["reviews:decide"]}, expect=201)
    platform.new_principal("reviewer", ["reviews:decide"])
    lent = api.post("/v1/tokens/issue", {"subject": "reviewer", "scopes": ["reviews:decide"]})["access_token"]
    second = Api(platform, made["api_key"]).post("/v1/tokens/issue", {"subject": puppet, "scopes": ["reviews:decide"]})["access_token"]
    for credential in (made["api_key"], stolen["api_key"], lent, second):
        answer = Api(platform, credential).post(f"/v1/reviews/{review_id}/approve", {}, expect=403)
        assert answer["code"] == "not_independent", answer
    api.post(f"/v1/runs/{run_id}/cancel")


def test_within_a_tenant_what_a_person_started_is_that_person_s(platform):
    _, api, _ = someone(platform, ["runs:write", "runs:read", "models:use"])
    _, other, _ = someone(platform, ["runs:write", "runs:read", "models:use"])
    _, auditor, _ = someone(platform, ["runs:write", "runs:read", "runs:read_all"])
    _, operator, _ = someone(platform, ["runs:write", "runs:cancel_all"])
    session = api.start("archivist")
    run, conversation = f"/v1/runs/{session['run_id']}", f"/v1/sessions/{session['session_id']}"
    api.until(session["run_id"], "review_requested")
    for method, path, body, code in (("GET", run, None, "no_run"), ("GET", run + "/events", None, "no_run"), ("POST", run + "/cancel", None, "no_run"),
                                     ("GET", conversation, None, "no_session"), ("POST", conversation + "/messages", {"prompt": "Hi"}, "no_session")):
        answer = other.request(method, path, json=body)
        assert answer.status_code == 404 and answer.json()["code"] == code, (path, answer.text)
    assert auditor.get(run)["run_id"] == session["run_id"]
    auditor.get(conversation)
    assert auditor.request("POST", run + "/cancel").status_code == 403
    assert auditor.post(conversation + "/messages", {"prompt": "Hi"}, expect=403)["code"] == "not_your_session"
    assert operator.request("GET", run).status_code == 403, "without runs:read nothing is read"
    assert operator.post(run + "/cancel").get("answer") is None
    assert api.finished(session["run_id"])["status"] == "cancelled"


def test_failed_authentication_is_counted(platform):
    def failures():
        return sum(float(line.rsplit(" ", 1)[1]) for line in platform.metrics_text("gateway").splitlines()
                   if line.startswith("authentication_failures_total") or line.startswith("writ_authentication_failures_total"))

    before = failures()
    for _ in range(50):
        assert Api(platform, "writ_nothing").request("GET", "/v1/budget").status_code == 401
    assert failures() >= before + 50
