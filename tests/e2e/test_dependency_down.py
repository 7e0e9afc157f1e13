"""A dependency is down: calls are refused, runs park and resume, and /ready shows it. Never an undecided answer."""

import httpx
import pytest

from api import say
from deployment import Deployment, poll

CHAT = say("two words")


@pytest.fixture(scope="module")
def services(shape, product, folders):
    """One process a service, which the tests of this file stop and start."""
    if shape != "split":
        pytest.skip("one process has all its services or none")
    deployment = Deployment(shape, product, folders("services"))
    try:
        yield deployment.start()
    finally:
        deployment.stop()


@pytest.fixture
def split(services):
    """All of them run and see one another."""
    services.start()
    api = services.api()
    poll(lambda: services.readiness("gateway")[0] == 200 and services.readiness("orchestrator")[0] == 200, "all are ready", 60)
    poll(lambda: chat_status(api) == 200, "chats are answered", 60)
    return services


def chat_status(api) -> int:
    return api.request("POST", "/v1/chat/completions", json=CHAT).status_code


def failing(deployment, role: str) -> dict:
    """The checks that do not hold, once there are some."""

    def look() -> dict:
        return {name: check for name, check in deployment.readiness(role)[1]["checks"].items() if check["status"] != "ok"}

    return poll(look, f"{role} shows that something is down", 30)


@pytest.mark.parametrize("role", ["policy", "slm"])
def test_a_chat_is_refused_while_a_service_it_needs_is_down(split, role):
    api = split.api()
    split.kill(role)
    answer = api.request("POST", "/v1/chat/completions", json=CHAT)
    assert answer.status_code == 503, answer.text
    assert answer.json()["error"]["type"] == "server_error"
    assert "127.0.0.1" not in answer.text, "no address of the inside"
    split.restart(role)
    poll(lambda: chat_status(api) == 200, "chats are answered again", 30)


@pytest.mark.parametrize("role", ["policy", "slm", "recall", "identity"])
def test_a_run_parks_while_a_service_it_needs_is_down_and_resumes(split, role):
    api = split.api()
    split.kill(role)
    run_id = api.start("errand")["run_id"]
    waiting = api.until(run_id, "waiting_dependency")["data"]
    assert waiting["what"]
    # It tries again now and then, and waits on.
    poll(lambda: api.run(run_id)["status"] == "waiting_dependency", "the run says that it waits", 30)
    split.restart(role)
    run = api.finished(run_id)
    assert run["status"] == "completed", run
    assert "resumed" in [e["type"] for e in api.durable_events(run_id)]


def test_without_the_orchestrator_chats_go_on_and_sessions_do_not(split):
    api = split.api()
    split.kill("orchestrator")
    assert chat_status(api) == 200
    assert api.request("POST", "/v1/sessions", json={"prompt": "Hello"}).status_code == 503
    split.restart("orchestrator")
    assert api.finished(api.start("talker", "Hello")["run_id"])["status"] == "completed"


@pytest.mark.parametrize("role", ["policy", "slm"])
def test_ready_shows_which_service_is_down(split, role):
    split.kill(role)
    # Another check may notice first, such as that of trust on a crowded machine.
    poll(lambda: any(role in name for name in failing(split, "gateway")), f"{role} is shown as down", 30)
    assert httpx.get(split.address("gateway") + "/health").status_code == 200, "the process itself works"
    split.restart(role)
    poll(lambda: split.readiness("gateway")[0] == 200, "ready again", 30)


def test_when_identity_is_silent_for_ten_seconds_nothing_is_served_on_old_trust(split):
    api = split.api()
    split.kill("identity")
    for role in ("gateway", "policy"):
        status, body = poll(lambda role=role: (r := split.readiness(role))[0] == 503 and r, f"{role} has no fresh trust", 60)
        assert any(check.get("code") == "identity_stale" for check in body["checks"].values()), body
    assert chat_status(api) == 503
    assert httpx.get(split.address() + "/v1/budget", headers={"Authorization": f"Bearer {api.key}"}).status_code == 503
    split.restart("identity")
    poll(lambda: chat_status(api) == 200, "trust is fresh again", 30)


def test_services_may_start_in_any_order(own_platform):
    platform = own_platform()
    if platform.shape != "split":
        pytest.skip("one process starts in its own order")
    platform.initialise()
    for name in reversed(platform.names()):
        platform.launch(name)
    for name in platform.names():
        platform.await_ready(name)
    api = platform.api()
    assert api.finished(api.start("errand")["run_id"])["status"] == "completed"
