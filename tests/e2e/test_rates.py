"""Rate limits of the constitution at the public door: who asks too much is told which limit and when, and hurts nobody else."""

import json
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

import metrics
from api import say
from deployment import ROOT, Deployment, clean_environment, make_bundle, poll

KIB = 1024
LARGE = "word " * (64 * KIB // 5)


def rate(id_: str, per: str, kind: str, count: int, per_seconds: int, burst: int) -> dict:
    return {"id": id_, "per": per, "kind": kind, "count": count, "per_seconds": per_seconds, "burst": burst}


FEW = rate("few", "principal", "requests", 1, 1, 10)


def limits(*rates: dict) -> dict:
    return {"limits": {"rates": list(rates)}}


def sign(platform, version: int) -> None:
    signed = subprocess.run([platform.binary, "policy", "sign", platform.folder / "bundle", "--constitution-version", str(version)],
                            env=platform.environment(), capture_output=True, text=True, timeout=60)
    assert signed.returncode == 0, signed.stdout + signed.stderr


def sign_anew(platform, version: int, *rates: dict) -> None:
    file = platform.folder / "bundle" / "limits.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"rates": list(rates)}))
    sign(platform, version)


def budget(api) -> int:
    return api.request("GET", "/v1/budget").status_code


def exhaust(api, most: int = 100) -> httpx.Response:
    """The first refusal."""
    for _ in range(most):
        answer = api.request("GET", "/v1/budget")
        if answer.status_code == 429:
            return answer
    raise AssertionError(f"{most} requests were let in")


def test_a_flood_of_large_sessions_is_refused_until_it_is_over(own_platform):
    """Under the shipped rates."""
    shipped = json.loads((ROOT / "policies" / "limits.json").read_text())["rates"]
    platform = own_platform(bundle=limits(*shipped)).start()
    api, other = platform.api(), platform.new_principal("other", ["runs:write", "runs:read"])
    body = json.dumps({"prompt": LARGE, "capsule": "calculate"}).encode()
    headers = {"Content-Type": "application/json"}

    def begin(_) -> httpx.Response:
        with httpx.Client(timeout=60) as client:
            return client.post(platform.address() + "/v1/sessions", content=body, headers=headers | {"Authorization": f"Bearer {api.key}"})

    began = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(begin, range(300)))
    took = time.monotonic() - began
    by_status = {status: [a for a in answers if a.status_code == status] for status in {a.status_code for a in answers}}
    assert set(by_status) == {201, 429}, set(by_status)
    own = next(r for r in shipped if r["per"] == "principal" and r["kind"] == "bytes")
    assert len(by_status[201]) * len(body) <= own["burst"] + own["count"] * took
    for refused in by_status[429]:
        problem = refused.json()
        assert refused.headers["content-type"].startswith("application/problem+json")
        assert problem["code"] == "rate_limit_exceeded" and own["id"] in problem["detail"] and str(len(body)) in problem["detail"]
        assert int(refused.headers["retry-after"]) == problem["retry_after"] >= 1
    assert other.start("calculate")["run_id"], "another principal is not hurt"
    last = begin(0)
    if last.status_code == 429:
        time.sleep(int(last.headers["retry-after"]))  # the time that the answer states is what is tested
        last = begin(0)
    assert last.status_code == 201, last.text
    refused = metrics.Samples(platform.metrics_text("gateway")).total("gateway_rate_refused_total", limit=own["id"])
    assert refused >= len(by_status[429])


def test_a_refusal_has_the_shape_of_its_route(own_platform):
    platform = own_platform(bundle=limits(rate("rare", "principal", "requests", 1, 300, 2))).start()
    api = platform.api()
    assert budget(api) == 200 == budget(api)
    chat = api.request("POST", "/v1/chat/completions", json=say("two words"))
    assert chat.status_code == 429 and 0 < int(chat.headers["retry-after"]) <= 300
    assert chat.json()["error"]["code"] == "rate_limit_exceeded" and chat.json()["error"]["type"] == "rate_limit_error"
    assert '"rare"' in chat.json()["error"]["message"] and "free again in" in chat.json()["error"]["message"]
    answer = api.request("GET", "/v1/budget")
    assert answer.status_code == 429 and answer.json()["code"] == "rate_limit_exceeded"
    for path in ("/health", "/ready", "/metrics", "/openapi.json", "/.well-known/jwks.json"):
        assert api.request("GET", path).status_code == 200, f"{path} is not limited"


def test_principals_and_tenants_do_not_hurt_each_other(own_platform):
    platform = own_platform(bundle=limits(FEW, rate("all", "tenant", "requests", 1, 60, 25))).start()
    ann, bob, cec = (platform.developer_of("acme", name) for name in ("ann", "bob", "cec"))
    stranger = platform.developer_of("emea", "ann")
    assert '"few"' in exhaust(ann).json()["detail"]
    assert budget(bob) == 200, "another principal of the tenant"
    exhaust(bob)
    assert '"all"' in exhaust(cec).json()["detail"], "the tenant's limit holds over all its principals"
    assert budget(stranger) == 200, "another tenant, though its principal has the same name"


def test_a_key_that_is_none_costs_no_bucket_and_headers_choose_none(own_platform):
    platform = own_platform(bundle=limits(FEW)).start()
    api = platform.api()
    for i in range(50):
        forged = httpx.get(platform.address() + "/v1/budget", headers={"Authorization": f"Bearer writ_{i:032}"})
        assert forged.status_code == 401, forged.text
    assert budget(api) == 200
    exhaust(api)
    for header in ("X-Forwarded-For", "Writ-Principal", "X-API-Key", "X-Request-ID", "Writ-Tenant", "Idempotency-Key"):
        assert api.request("GET", "/v1/budget", headers={header: "another-1"}).status_code in (400, 429), header


def test_a_token_draws_on_the_bucket_of_its_subject(own_platform):
    platform = own_platform(bundle=limits(rate("rare", "principal", "requests", 1, 300, 4))).start()
    token = platform.admin.post("/v1/tokens/issue", {"subject": "developer"})["access_token"]
    exhaust(platform.api())
    assert budget(platform.api(token)) == 429
    assert budget(platform.admin) == 200


def test_a_new_constitution_has_new_rates(own_platform):
    platform = own_platform(bundle=limits(FEW), settings={"WRIT_POLICY_REFRESH": "1s"}).start()
    api = platform.api()
    exhaust(api)
    sign_anew(platform, 2, rate("many", "principal", "requests", 1000, 1, 1000))
    poll(lambda: all(budget(api) == 200 for _ in range(20)), "the new rates hold", 10, 0.2)
    sign_anew(platform, 3, rate("rare", "principal", "requests", 1, 60, 3))
    poll(lambda: '"rare"' in api.request("GET", "/v1/budget").json().get("detail", ""), "the newest rates hold", 10, 0.2)


def test_without_policy_the_last_rates_hold(product, folders):
    split = Deployment("split", product, folders("rates-without-policy"), bundle=limits(FEW))
    try:
        split.start()
        api = split.api()
        run = api.start("calculate")["run_id"]
        api.finished(run)
        split.kill("policy")
        answers = [api.request("GET", f"/v1/runs/{run}") for _ in range(40)]
        assert {a.status_code for a in answers} == {200, 429}
        assert all('"few"' in a.json()["detail"] for a in answers if a.status_code == 429)
    finally:
        split.stop()


def test_a_text_that_says_nothing_of_rates_has_the_built_in_ones(own_platform):
    platform = own_platform()
    platform.initialise()
    file = platform.folder / "bundle" / "limits.json"
    document = json.loads(file.read_text())
    del document["rates"]
    file.write_text(json.dumps(document))
    sign(platform, 2)
    platform.start()
    api = platform.api()
    shipped = json.loads((ROOT / "policies" / "limits.json").read_text())["rates"]
    own = next(r for r in shipped if r["per"] == "principal" and r["kind"] == "bytes")
    body = json.dumps({"text": "x" * (500 * KIB)}).encode()
    for _ in range(own["burst"] * 4 // len(body)):
        answer = api.request("POST", "/v1/infer/sync", content=body, headers={"Content-Type": "application/json"})
        if answer.status_code == 429:
            break
    assert answer.status_code == 429 and own["id"] in answer.text


@pytest.mark.parametrize(("member", "place"), [
    ([], "/rates"), ([FEW, FEW], "/rates/1"), ([FEW | {"count": 0}], "/rates/0/count"), ([FEW | {"per": "capsule"}], "/rates/0/per"),
    ([FEW | {"kind": "bytes"}], "/rates/0/burst"), ([FEW | {"burst": 1_000_000}], "/rates/0/burst"), ([FEW | {"bust": 1}], "/rates/0"),
])
def test_rates_that_would_not_do_what_they_say_are_not_signed(product, tmp_path, member, place):
    bundle = make_bundle(tmp_path / "bundle", limits={"rates": member})
    made = subprocess.run([product, "init", "--bundle", bundle], env=clean_environment(WRIT_DATA_DIR=str(tmp_path / "data")),
                          capture_output=True, text=True, timeout=60)
    assert made.returncode != 0 and place in made.stderr, made.stderr
