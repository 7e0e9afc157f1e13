"""The tenant's token window: never overspent, refused with the time of its end, and given back what was not used."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from api import say

LIMIT = 400


@pytest.fixture
def small(own_platform):
    limits = {"budgets": [{"id": "small", "per": "tenant", "kind": "tokens", "limit": LIMIT, "window_seconds": 86_400}]}
    return own_platform(bundle={"limits": limits}).start()


def ask(api, max_tokens):
    return api.request("POST", "/v1/chat/completions", json=say("two words", max_tokens=max_tokens))


def test_a_spent_window_refuses_and_nothing_is_overspent(small):
    api = small.api()
    assert api.get("/v1/budget")["limit"] == LIMIT
    too_much = ask(api, LIMIT)
    assert too_much.status_code == 429, too_much.text
    assert too_much.json()["error"]["code"] == "insufficient_quota" and too_much.json()["error"]["type"] == "rate_limit_error"
    used = 0
    with ThreadPoolExecutor(4) as pool:  # reservations at once, never more than the window holds
        answers = list(pool.map(lambda _: ask(api, 30), range(24)))
    assert {a.status_code for a in answers} == {200, 429}
    assert all(0 < int(a.headers["retry-after"]) <= 86_400 for a in answers if a.status_code == 429), "until the window ends"
    used += sum(a.json()["usage"]["total_tokens"] for a in answers if a.status_code == 200)
    budget = api.get("/v1/budget")
    assert budget["settled"] == used <= LIMIT
    assert budget["reserved"] == budget["presumed"] == 0
    assert budget["left"] == LIMIT - used
    stranger = small.developer_of("elsewhere")
    assert ask(stranger, 30).status_code == 200, "another tenant has its own window"


def test_a_run_without_budget_fails_and_says_so(small):
    api = small.api()
    while ask(api, 30).status_code == 200:
        pass
    run = api.finished(api.start("calculate")["run_id"])
    assert run["status"] == "failed" and run["reason"].startswith("budget_spent")
