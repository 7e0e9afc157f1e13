"""Another tenant's ids are 404 everywhere, and its audit, budget and reviews are its own."""

import pytest


@pytest.fixture(scope="module")
def stranger(platform):
    return platform.developer_of("elsewhere")


@pytest.fixture(scope="module")
def ids(api):
    started = api.start("archivist")
    asked = api.until(started["run_id"], "review_requested")["data"]
    yield started | {"review_id": asked["review_id"]}
    api.post(f"/v1/runs/{started['run_id']}/cancel")


@pytest.mark.parametrize("method, path, body, code", [
    ("GET", "/v1/sessions/{session_id}", None, "no_session"),
    ("POST", "/v1/sessions/{session_id}/messages", {"prompt": "Hello"}, "no_session"),
    ("GET", "/v1/runs/{run_id}", None, "no_run"),
    ("GET", "/v1/runs/{run_id}/events", None, "no_run"),
    ("POST", "/v1/runs/{run_id}/cancel", None, "no_run"),
    ("POST", "/v1/reviews/{review_id}/approve", {}, "no_review"),
    ("POST", "/v1/reviews/{review_id}/deny", {}, "no_review"),
    ("POST", "/v1/reviews/{review_id}/retry", {}, "no_review"),
    ("POST", "/v1/reviews/{review_id}/done", {"result": {}}, "no_review"),
])
def test_another_tenants_id_is_not_found(api, stranger, ids, method, path, body, code):
    answer = stranger.request(method, path.format(**ids), json=body)
    assert answer.status_code == 404, answer.text
    assert answer.json()["code"] == code
    unknown = stranger.request(method, path.format(session_id="ses_nothing", run_id="run_nothing", review_id="rev_nothing"), json=body)
    assert unknown.json()["code"] == code, "it answers as for an id that never was"
    assert api.run(ids["run_id"])["status"] == "waiting_review"


def test_lists_hold_the_own_tenant_only(api, stranger, ids):
    assert stranger.get("/v1/reviews")["reviews"] == []
    assert stranger.get("/v1/reviews", params={"run_id": ids["run_id"]})["reviews"] == []
    assert stranger.audit(ids["run_id"]) == []
    mine = api.audit()
    assert {r["tenant"] for r in mine} == {"local"}


def test_each_tenant_has_its_own_chain_and_budget(api, stranger):
    before = api.get("/v1/budget")["settled"]
    stranger.finished(stranger.start("talker", "Hello")["run_id"])
    chain = stranger.audit()
    assert chain and {r["tenant"] for r in chain} == {"elsewhere"}
    assert [r["seq"] for r in chain] == list(range(1, len(chain) + 1))
    assert stranger.get("/v1/budget")["settled"] > 0
    assert api.get("/v1/budget")["settled"] == before
    report = stranger.post("/v1/audit/verify")
    assert report["ok"] and report["records"] == len(stranger.audit())


def test_the_same_idempotency_key_of_two_tenants_is_two_sessions(api, stranger):
    assert api.start("talker", idempotency_key="shared-key")["session_id"] != stranger.start("talker", idempotency_key="shared-key")["session_id"]


def test_a_memory_is_of_its_person(platform, api, reviewer):
    """Two principals of two tenants use the same key of memory and do not see each other's value."""
    stranger = platform.developer_of("elsewhere")
    other_reviewer = platform.new_principal("reviewer", ["reviews:decide"], "elsewhere")

    def call(person, judge, tool, arguments):
        run_id = person.start("archivist", tool_choice={"type": "function", "function": {"name": tool}})["run_id"]
        asked = person.until(run_id, "review_requested")["data"]
        judge.post(f"/v1/reviews/{asked['review_id']}/approve", {"arguments": arguments})
        result = person.until(run_id, "tool_result")["data"]["result"]
        person.post(f"/v1/runs/{run_id}/cancel")
        return result

    assert call(api, reviewer, "remember", {"key": "shared", "value": "mine"})["saved"]
    assert call(stranger, other_reviewer, "recall", {"key": "shared"}) == {"found": False, "key": "shared"}
    assert call(stranger, other_reviewer, "remember", {"key": "shared", "value": "theirs"})["saved"]
    assert call(api, reviewer, "recall", {"key": "shared"})["value"] == "mine"
