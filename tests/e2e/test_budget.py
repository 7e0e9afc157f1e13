"""The tenant's token window: never overspent, refused with the time of its end, and given back what was not used."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from api import say
from deployment import poll
from pause_points import MODEL_STEP, PausePoints

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


def roomy(own_platform, limit, **more):
    limits = {"budgets": [{"id": "tight", "per": "tenant", "kind": "tokens", "limit": limit, "window_seconds": 86_400}]}
    return own_platform(bundle={"limits": limits}, **more)


def roomy_and_paced(own_platform, limit, binary, folder):
    """Started, with pause points of its own."""
    pauses = PausePoints(folder / "pauses")
    platform = roomy(own_platform, limit, binary=binary)
    platform.settings |= pauses.settings
    return platform.start(), pauses


@pytest.mark.fail_points
def test_runs_that_a_kill_cut_off_go_on_within_their_window(own_platform, build_with_fail_points, tmp_path):
    """Each attempt reserves some 1,100 tokens: what the cut ones held is not left to stand in the way of the next."""
    platform, pauses = roomy_and_paced(own_platform, 5_200, build_with_fail_points, tmp_path)
    api = platform.api()
    pauses.arm(MODEL_STEP)
    runs = [api.start("calculate")["run_id"] for _ in range(4)]
    pauses.await_reached(MODEL_STEP)
    poll(lambda: api.get("/v1/budget")["reserved"] > 2_000, "several have reserved")
    for role in ("orchestrator",) if platform.shape == "one" else ("orchestrator", "policy"):
        platform.kill(role)
    pauses.release_all()
    platform.start()
    assert [api.finished(run)["status"] for run in runs] == ["completed"] * 4
    budget = poll(lambda: (b := api.get("/v1/budget"))["reserved"] == 0 and b, "nothing stays reserved")
    assert budget["presumed"] == 0 and budget["settled"] <= budget["limit"]
    assert api.post("/v1/audit/verify")["ok"]


@pytest.mark.fail_points
def test_a_repeated_direct_call_is_not_kept_out_by_the_one_a_kill_cut_off(own_platform, build_with_fail_points, tmp_path):
    platform, pauses = roomy_and_paced(own_platform, 1_000, build_with_fail_points, tmp_path)
    api = platform.api()
    pauses.arm(MODEL_STEP)
    with api.open_chat(say("two words", max_tokens=600)):
        pauses.await_reached(MODEL_STEP)
        assert api.get("/v1/budget")["reserved"] > 600
        held = ask(api, 600)
        assert held.status_code == 429 and held.json()["error"]["code"] == "rate_limit_exceeded"
        assert int(held.headers["retry-after"]) <= 5, "until a call ends, not until the window does"
        platform.kill("gateway")
    pauses.release_all()
    platform.start()
    poll(lambda: ask(api, 600).status_code == 200, "the call is repeated", 60, pause=0.5)
    budget = poll(lambda: (b := api.get("/v1/budget"))["reserved"] == 0 and b, "nothing stays reserved")
    assert budget["presumed"] == 0


def test_runs_wait_for_what_other_runs_hold(own_platform):
    """Together they reserve far more than the window, one after the other they fit in."""
    platform = roomy(own_platform, 6_000).start()
    api = platform.api()
    runs = [api.start("calculate")["run_id"] for _ in range(6)]
    ended = [api.finished(run) for run in runs]
    assert [run["status"] for run in ended] == ["completed"] * 6, ended
    budget = poll(lambda: (b := api.get("/v1/budget"))["reserved"] == 0 and b, "nothing stays reserved")
    assert budget["settled"] == sum(run["usage"]["prompt"] + run["usage"]["completion"] for run in ended) <= 6_000


def test_what_the_rule_caps_is_not_reserved(own_platform):
    platform = own_platform(bundle={"limits": {"max_tokens_per_call": 1_024, "budgets": [
        {"id": "small", "per": "tenant", "kind": "tokens", "limit": 1_500, "window_seconds": 86_400}]}}).start()
    api = platform.api()
    assert ask(api, 1_600).status_code == 200
    assert ask(api, 2_000).status_code == 200
    assert api.get("/v1/budget")["settled"] < 1_500


def test_a_run_without_budget_fails_and_says_so(small):
    api = small.api()
    while ask(api, 30).status_code == 200:
        pass
    run = api.finished(api.start("calculate")["run_id"])
    assert run["status"] == "failed" and run["reason"].startswith("budget_spent")
