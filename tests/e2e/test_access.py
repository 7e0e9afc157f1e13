"""Who may do what: tokens, scopes, internal operations and grants."""

import base64
import json
from uuid import uuid4

import httpx
import pytest

from api import Api
from deployment import SERVICES, Deployment, poll

INTERNAL = [  # service, method, path: what only services call
    ("slm", "POST", "/internal/v1/slm/chat"), ("slm", "POST", "/internal/v1/slm/count"), ("slm", "GET", "/internal/v1/slm/models"),
    ("policy", "POST", "/internal/v1/policy/evaluate"), ("policy", "POST", "/internal/v1/policy/settle"), ("policy", "POST", "/internal/v1/audit"),
    ("identity", "POST", "/internal/v1/identity/exchange"), ("identity", "POST", "/internal/v1/identity/resolve"),
    ("identity", "GET", "/internal/v1/identity/revocations"),
    ("orchestrator", "POST", "/internal/v1/sessions"), ("orchestrator", "GET", "/internal/v1/runs/run_x"), ("recall", "POST", "/internal/v1/recall/get"),
]
CHAT = {"prompt": {"messages": [{"role": "user", "content": "Hello"}], "model": "writ-tiny"}, "grant": "nonsense"}


def segment(value: dict) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def parts_of(token: str) -> tuple[dict, dict, str]:
    head, claims, signature = token.split(".")
    return *(json.loads(base64.urlsafe_b64decode(part + "==")) for part in (head, claims)), signature


@pytest.fixture(scope="module")
def token(platform):
    """A token of the developer."""
    return platform.admin.post("/v1/tokens/issue", {"subject": "developer"})["access_token"]


def status_with(platform, credentials: str | None, path: str = "/v1/budget") -> tuple[int, dict]:
    headers = {} if credentials is None else {"Authorization": credentials}
    answer = httpx.get(platform.address() + path, headers=headers, timeout=10)
    return answer.status_code, answer.json()


def test_a_token_is_as_good_as_a_key(platform, api, token):
    assert status_with(platform, f"Bearer {token}")[0] == 200
    assert api.post("/v1/tokens/verify", {"token": token})["principal"]["subject"] == "developer"


def test_every_public_operation_wants_credentials(platform, openapi):
    checked = 0
    for path, method, operation in openapi.operations():
        answer = httpx.request(method, platform.address() + path.replace("{", "").replace("}", ""), timeout=10)
        if operation["security"]:
            assert answer.status_code == 401, (method, path, answer.text)
            assert answer.headers["www-authenticate"].startswith("Bearer")
            checked += 1
        else:
            assert operation["operationId"] in ("identity.token", "identity.jwks", "gateway.root", "gateway.openapi"), "what is open is listed here"
    assert checked >= 18


def test_every_public_operation_wants_its_scope(platform, openapi):
    nobody = platform.new_principal("nobody", ["nothing:at-all"])
    for path, method, operation in openapi.operations():
        if not operation["security"]:
            continue
        answer = nobody.request(method, path.replace("{", "").replace("}", ""), json={} if method == "POST" else None)
        assert answer.status_code == 403, (method, path, answer.text)
        body = answer.json()
        assert (body["error"] if "error" in body else body)["code"] == "missing_scope"


@pytest.mark.parametrize("credentials", [None, "", "Bearer", "Basic ZGV2OmRldg==", "Bearer x", "Bearer writ_", "Bearer a.b.c", "Bearer " + "x" * 5000])
def test_what_is_no_credential_is_refused(platform, credentials):
    status, body = status_with(platform, credentials)
    assert status == 401 and body["kind"] == "unauthenticated"


def test_a_key_with_one_changed_letter_is_refused(platform, api):
    for at in (-1, 10, -8):
        letters = list(api.key)
        letters[at] = "a" if letters[at] != "a" else "b"
        assert status_with(platform, "Bearer " + "".join(letters))[0] == 401


def test_two_authorization_headers_are_refused(platform, api):
    answer = httpx.get(platform.address() + "/v1/budget", headers=[("Authorization", f"Bearer {api.key}")] * 2)
    assert answer.status_code in (400, 401)


def test_a_token_without_a_signature_is_refused(platform, token):
    head, claims, _ = parts_of(token)
    for alg in ("none", "None", "HS256"):
        for signature in ("", "AAAA"):
            assert status_with(platform, f"Bearer {segment(head | {'alg': alg})}.{segment(claims)}.{signature}")[0] == 401


def test_a_tampered_token_is_refused(platform, token):
    head, claims, signature = parts_of(token)
    for forged in ({"scope": "*"}, {"sub": "admin"}, {"tenant": "elsewhere"}, {"exp": claims["exp"] + 3600}):
        assert status_with(platform, f"Bearer {segment(head)}.{segment(claims | forged)}.{signature}")[0] == 401
    flipped = ("A" if signature[10] != "A" else "B").join((signature[:10], signature[11:]))
    assert status_with(platform, f"Bearer {'.'.join(token.split('.')[:2])}.{flipped}")[0] == 401


def test_an_unknown_key_id_is_refused(platform, token):
    _, _, signature = parts_of(token)
    head, claims, _ = parts_of(token)
    assert status_with(platform, f"Bearer {segment(head | {'kid': 'nobody'})}.{segment(claims)}.{signature}")[0] == 401


def test_a_good_token_of_another_identity_is_refused(platform, product, folders):
    """Rightly signed, by a key that is not known here."""
    other = Deployment("split", product, folders("other-identity"), roles=("identity",)).start()
    try:
        answer = httpx.post(other.address("identity") + "/oauth2/token",
                            json={"grant_type": "client_credentials", "client_id": "gateway", "client_secret": other.client_secret("gateway")})
        assert answer.status_code == 200, answer.text
        assert status_with(platform, "Bearer " + answer.json()["access_token"])[0] == 401
    finally:
        other.stop()


def test_a_token_for_somebody_else_is_refused(platform):
    for audience in ("slm", "policy", "elsewhere"):
        assert status_with(platform, "Bearer " + platform.service_token("gateway", audience))[0] == 401


@pytest.mark.slow
def test_a_token_ends(platform):
    """At the latest half a minute late, which is what clocks of two machines may differ by."""
    short = platform.admin.post("/v1/tokens/issue", {"subject": "developer", "ttl_seconds": 1})["access_token"]
    poll(lambda: status_with(platform, f"Bearer {short}")[0] == 401, "the token has ended", 40)


def test_a_revoked_token_ends_at_once_everywhere(platform):
    gone = platform.admin.post("/v1/tokens/issue", {"subject": "developer"})["access_token"]
    assert status_with(platform, f"Bearer {gone}")[0] == 200
    platform.admin.post("/v1/tokens/revoke", {"token": gone})
    poll(lambda: status_with(platform, f"Bearer {gone}")[0] == 401, "the revocation arrives", 10)
    assert not platform.admin.post("/v1/tokens/verify", {"token": gone})["active"]


def test_a_revoked_key_ends(platform):
    made = platform.admin.post("/v1/keys", {"subject": "leaver", "scopes": ["runs:read"]}, expect=201)
    assert status_with(platform, f"Bearer {made['api_key']}")[0] == 200
    platform.admin.post("/v1/tokens/revoke", {"key_id": made["key_id"]})
    poll(lambda: status_with(platform, f"Bearer {made['api_key']}")[0] == 401, "the revocation arrives", 10)


def test_nobody_hands_out_more_than_they_have(platform):
    clerk = platform.new_principal("clerk", ["admin.keys", "tokens:issue", "runs:read"])
    assert clerk.post("/v1/keys", {"subject": "x", "scopes": ["*"]}, expect=403)["code"] == "scope_not_granted"
    assert clerk.post("/v1/keys", {"subject": "x", "scopes": ["runs:read"], "tenant": "elsewhere"}, expect=403)["code"] == "scope_not_granted"
    assert clerk.post("/v1/tokens/issue", {"subject": "admin"}, expect=403)["code"] == "scope_not_granted"
    narrow = clerk.post("/v1/tokens/issue", {"subject": "developer", "scopes": ["runs:read"]})["access_token"]
    limited = Api(platform, narrow)
    limited.get("/v1/budget")
    assert limited.post("/v1/sessions", {"prompt": "Hello"}, expect=403)["code"] == "missing_scope"


def test_a_new_key_does_not_take_scopes_away_from_or_give_them_to_an_older_one(platform):
    """Two keys of one person each keep what they were made with."""
    subject = f"person-{uuid4().hex[:8]}"
    wide = platform.new_principal(subject, ["runs:read", "audit:read"])
    narrow = platform.new_principal(subject, ["runs:read"])
    narrow.get("/v1/audit", expect=403)
    wide.get("/v1/audit")


@pytest.mark.parametrize("wrong", [
    {"client_secret": "wrong"}, {"client_id": "nobody"}, {"client_secret": ""}, {"grant_type": "password"}, {"scope": "everything"},
])
def test_the_token_endpoint_refuses_in_the_words_of_oauth(platform, wrong):
    form = {"grant_type": "client_credentials", "client_id": "gateway", "client_secret": platform.client_secret("gateway"), "audience": "slm"} | wrong
    answer = httpx.post(platform.address() + "/oauth2/token", data=form)
    assert answer.status_code in (400, 401), answer.text
    assert answer.json()["error"] in ("invalid_client", "unsupported_grant_type", "invalid_scope", "invalid_request")


def test_internal_operations_are_not_at_the_public_address(platform):
    gateway = platform.service_token("gateway", "gateway")
    for service, method, path in INTERNAL:
        for credentials in ({}, {"Authorization": f"Bearer {platform.api().key}"}, {"Authorization": f"Bearer {gateway}"}):
            answer = httpx.request(method, platform.address() + path, headers=credentials, timeout=10)
            assert answer.status_code == 404, (path, answer.text)


def test_ops_are_open_and_tell_who_answers(platform):
    for path in ("/health", "/ready", "/metrics"):
        assert httpx.get(platform.address() + path).status_code == 200
    health = httpx.get(platform.address() + "/health").json()
    assert health["service"] == ("writ" if platform.shape == "one" else "gateway-api") and health["status"] == "ok"


# ---- a service's own address, which only the split shape has


@pytest.fixture
def split(platform):
    if platform.shape != "split":
        pytest.skip("one process has no addresses of services")
    return platform


def call(platform, service, method, path, token=None, body=None, **headers):
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return httpx.request(method, platform.address(service) + path, headers=headers, json=body, timeout=10)


def test_a_service_answers_services_only(split, token):
    for service, method, path in INTERNAL:
        assert call(split, service, method, path).status_code == 401, path
        assert call(split, service, method, path, token=token).status_code == 401, "a person's token is for the gateway"
        assert call(split, service, method, path, token=split.api().key).status_code == 401
        other = split.service_token("gateway", "policy" if service != "policy" else "slm")
        assert call(split, service, method, path, token=other).status_code == 401, "the token is for another service"


def test_a_service_serves_no_public_operation(split):
    for service in SERVICES:
        if service in ("gateway", "identity"):
            continue
        assert call(split, service, "POST", "/v1/sessions").status_code == 404
        assert call(split, service, "POST", "/v1/chat/completions").status_code == 404


def test_only_the_callers_an_operation_names_may_call(split):
    answer = call(split, "slm", "POST", "/internal/v1/slm/chat", split.service_token("recall", "slm"), CHAT)
    assert answer.status_code == 403 and answer.json()["code"] == "caller_not_allowed", answer.text


def test_a_leaf_service_may_ask_identity_for_nothing_but_the_feed(split):
    for leaf in ("slm", "recall", "policy"):
        service = split.service_token(leaf, "identity")
        for method, path, body in (
            ("POST", "/internal/v1/identity/exchange", {"token": split.admin_key}),
            ("POST", "/internal/v1/identity/resolve", {"tenant": "local", "subject": "admin", "audience": "policy"}),
            ("POST", "/internal/v1/identity/check_approver", {"tenant": "local", "requester": {"subject": "a"}, "approver": {"subject": "b"}}),
            ("POST", "/v1/keys", {"subject": "x", "scopes": ["*"]}), ("POST", "/v1/tokens/issue", {"subject": "admin"}),
            ("POST", "/v1/tokens/revoke", {"subject": "admin"}), ("POST", "/v1/tokens/verify", {"token": "x"}),
        ):
            answer = call(split, "identity", method, path, service, body)
            assert answer.status_code == 403 and answer.json()["code"] == "caller_not_allowed", (leaf, path, answer.text)
        assert call(split, "identity", "GET", "/internal/v1/identity/revocations", service).status_code == 200


def test_what_a_service_is_shown_is_of_no_use_to_it(split):
    """The proof of a principal that a leaf service receives, shown by it everywhere else."""
    shown = split.proof("slm", "admin")
    budget = httpx.get(split.address() + "/v1/budget", headers={"Authorization": f"Bearer {shown}"})
    assert budget.status_code == 401, budget.text
    for service in ("policy", "recall", "orchestrator", "identity", "slm"):
        for caller in ("slm", "gateway"):
            path = {"policy": "/internal/v1/policy/budget", "orchestrator": "/internal/v1/reviews", "slm": "/internal/v1/slm/models",
                    "recall": "/internal/v1/recall/get", "identity": "/internal/v1/identity/revocations"}[service]
            method = "POST" if service == "recall" else "GET"
            answer = call(split, service, method, path, split.service_token(caller, service), {} if method == "POST" else None, **{"Writ-Principal": shown})
            assert answer.status_code == 401, (service, caller, answer.text)
    bearer = split.admin.post("/v1/tokens/issue", {"subject": "developer"})["access_token"]
    answer = call(split, "policy", "GET", "/internal/v1/policy/budget", split.service_token("gateway", "policy"), **{"Writ-Principal": bearer})
    assert answer.status_code == 401 and answer.json()["code"] == "wrong_token_type", "what a person shows outside is nothing inside"


def test_an_operation_that_is_for_somebody_wants_to_know_whom(split):
    for service, method, path in (("policy", "POST", "/internal/v1/policy/evaluate"), ("policy", "GET", "/internal/v1/policy/budget"),
                                  ("slm", "POST", "/internal/v1/slm/chat"), ("recall", "POST", "/internal/v1/recall/get"),
                                  ("orchestrator", "POST", "/internal/v1/sessions"), ("orchestrator", "GET", "/internal/v1/reviews")):
        answer = call(split, service, method, path, split.service_token("gateway", service), {} if method == "POST" else None)
        assert answer.status_code == 401 and answer.json()["code"] == "no_principal", (path, answer.text)


def test_without_a_grant_the_model_does_not_answer(split):
    principal = split.proof("slm")
    service = split.service_token("orchestrator", "slm")
    for grant in ("nonsense", "a.b.c", service):
        answer = call(split, "slm", "POST", "/internal/v1/slm/chat", service, CHAT | {"grant": grant}, **{"Writ-Principal": principal})
        assert answer.status_code == 403, answer.text
        assert answer.json()["code"] in ("no_grant", "grant_invalid")
    answer = call(split, "slm", "POST", "/internal/v1/slm/chat", service, {"prompt": CHAT["prompt"]}, **{"Writ-Principal": principal})
    assert answer.status_code in (400, 403), answer.text


def test_without_a_grant_nothing_is_remembered(split):
    principal = split.proof("recall")
    service = split.service_token("orchestrator", "recall")
    answer = call(split, "recall", "POST", "/internal/v1/recall/put", service, {"key": "k", "value": "v", "grant": "nonsense"}, **{"Writ-Principal": principal})
    assert answer.status_code == 403 and answer.json()["code"] in ("no_grant", "grant_invalid"), answer.text


def test_a_grant_is_for_one_request_and_a_question_has_one_answer(split):
    principal, at_slm = split.proof("policy"), split.proof("slm")
    to_policy, to_slm = split.service_token("orchestrator", "policy"), split.service_token("orchestrator", "slm")
    prompt = {"model": "writ-tiny", "messages": [{"role": "user", "content": "Hello"}], "tools": [], "tool_choice": "auto", "max_tokens": 4,
              "temperature": 0, "top_p": 1, "stop": []}
    # The hash of the request is the service's business: a wrong one never fits.
    question = {"request_id": f"call_{uuid4().hex}/model.call/0", "action": "model.call", "resource": {"type": "Model", "id": "writ-tiny"},
                "context": {"max_tokens": 4}, "request_hash": "0" * 64, "estimate": 40}
    decision = call(split, "policy", "POST", "/internal/v1/policy/evaluate", to_policy, question, **{"Writ-Principal": principal})
    assert decision.status_code == 200, decision.text
    assert decision.json()["decision"] == "allow"
    answer = call(split, "slm", "POST", "/internal/v1/slm/chat", to_slm, {"prompt": prompt, "grant": decision.json()["grant"]}, **{"Writ-Principal": at_slm})
    assert answer.status_code == 403 and answer.json()["code"] == "grant_mismatch", answer.text
    again = call(split, "policy", "POST", "/internal/v1/policy/evaluate", to_policy, question, **{"Writ-Principal": principal})
    assert again.json() == decision.json(), "the same question has the same answer"
    changed = call(split, "policy", "POST", "/internal/v1/policy/evaluate", to_policy, question | {"estimate": 41}, **{"Writ-Principal": principal})
    assert changed.status_code == 409 and changed.json()["code"] == "request_reused"
    settlement = {"request_id": question["request_id"].split("/")[0] + "/settle", "decision_id": decision.json()["decision_id"], "actual": 0}
    settled = call(split, "policy", "POST", "/internal/v1/policy/settle", to_policy, settlement, **{"Writ-Principal": principal})
    assert settled.status_code == 200 and settled.json()["settled"] == 0, settled.text
