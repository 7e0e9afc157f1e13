"""Kill points: every commit and every send of a run, enumerated by the fail points of the test build.

After each: start again, and the run ends as it would have, with its effects counted in the tools' own stores. A call of the
`once` tool journal that is killed between send and recorded result waits for a person instead.
"""

import shutil
import sqlite3
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from api import remembered
from deployment import Deployment, poll

pytestmark = [pytest.mark.fail_points, pytest.mark.slow]

KILLED = 137
AT_ONCE = 4  # platforms; they wait for the disk more than they compute
CUT = (httpx.TransportError, FileNotFoundError, AssertionError)


class Trial:
    """One platform of the test build, in one process, with its own copy of an initialised data folder."""

    def __init__(self, template: Deployment, folder):
        self.deployment = Deployment("one", template.binary, folder, settings={"WRIT_ORCHESTRATOR_JOURNAL": str(folder / "journal.txt")})
        shutil.copytree(template.data, self.deployment.data)
        self.deployment.admin_key = template.admin_key
        self.points = folder / "points.txt"

    def journal(self) -> list[str]:
        file = self.deployment.folder / "journal.txt"
        return file.read_text().splitlines() if file.exists() else []

    def rows(self, service: str, query: str) -> list[tuple]:
        with sqlite3.connect(f"file:{self.deployment.data}/{service}/{service}.db?mode=ro", uri=True) as database:
            return database.execute(query).fetchall()

    def passed(self) -> Counter:
        """How often each point was passed."""
        return Counter(line.split()[0] for line in self.points.read_text().splitlines())

    def start(self, **settings: str) -> bool:
        """Whether it became ready; not when it was killed while it started."""
        try:
            self.deployment.start(**settings)
            return True
        except CUT:
            process = self.deployment.processes["writ"]
            assert process.wait_for_exit(30) == KILLED, process.log.read_text()[-3000:]
            return False

    def killed(self) -> bool:
        process = self.deployment.processes["writ"]
        if process.running():
            return False
        assert process.popen.returncode == KILLED, process.log.read_text()[-3000:]
        return True

    def follow_to_the_end(self, capsule: str) -> str:
        """Starts the run (once, by its key) and follows it until it has ended, waits for a person, or the process dies."""
        api = self.deployment.api()
        run_id = api.start(capsule, idempotency_key="the-run")["run_id"]
        for event in api.follow(run_id):
            if event.event == "end" or event.json["type"] in ("run_finished", "review_requested"):
                break
        return run_id


@pytest.fixture(scope="module")
def template(build_with_fail_points, folders):
    deployment = Deployment("one", build_with_fail_points, folders("fail-points"))
    deployment.initialise()
    return deployment


def end_of(trial: Trial, capsule: str) -> dict:
    run_id = trial.follow_to_the_end(capsule)
    return trial.deployment.api().run(run_id)


def points_of(template, folders, capsule: str) -> Counter:
    trial = Trial(template, folders("enumerate"))
    assert trial.start(WRIT_FAIL_POINT_LOG=str(trial.points))
    try:
        assert end_of(trial, capsule)["status"] == "completed"
        return trial.passed()
    finally:
        trial.deployment.stop()


def kill_at(template, folder, capsule: str, point: str, n: int) -> str | None:
    """What went wrong, if anything did."""
    trial = Trial(template, folder)
    try:
        if trial.start(WRIT_FAIL_POINT=f"{point}:{n}"):
            try:
                trial.follow_to_the_end(capsule)
            except CUT:
                pass
            # Commits of the clock (pulses, checkpoints) come in time, whatever the run does.
            poll(trial.killed, f"{point}:{n} is passed", 30)
        assert trial.start(), "it does not start again"
        run = end_of(trial, capsule)
        assert run["status"] == "completed", run
        api = trial.deployment.api()
        events = api.durable_events(run["run_id"])
        assert [e["seq"] for e in events] == list(range(1, len(events) + 1))
        assert trial.rows("orchestrator", "SELECT count(*) FROM runs") == [(1,)]
        assert dict(trial.rows("recall", "SELECT key, value FROM memories")) == remembered(events) != {}
        recorded = {r["data"]["decision_id"] for r in api.audit(run["run_id"]) if r["kind"] == "decision"}
        assert {e["data"]["decision_id"] for e in events if e["type"] == "decided"} <= recorded
        assert api.post("/v1/audit/verify")["ok"]
        return None
    except Exception as problem:  # one point of many: the others are still tried
        return f"{point}:{n}: {problem}"
    finally:
        trial.deployment.kill("gateway")
        shutil.rmtree(folder, ignore_errors=True)


def test_a_run_ends_as_it_would_have_after_a_kill_at_every_point(template, folders):
    points = points_of(template, folders, "errand")
    assert any(p.startswith("sql.before_commit.policy") for p in points) and any(p.startswith("orchestrator.after_send.tool") for p in points), points
    trials = [(point, n) for point, times in sorted(points.items()) for n in range(1, times + 1)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        work = [pool.submit(kill_at, template, folders(f"kill-{point}-{n}"), "errand", point, n) for point, n in trials]
        problems = [p for p in (w.result() for w in work) if p]
    assert not problems, f"{len(problems)} of {len(trials)} kill points:\n" + "\n".join(problems)


def parked(template, folders, point: str) -> tuple[Trial, str, str]:
    """A run of the capsule journalist whose reviewed call of journal was killed at the point, and its new review."""
    trial = Trial(template, folders("journal"))
    assert trial.start(WRIT_FAIL_POINT=f"{point}:1")
    run_id = trial.follow_to_the_end("journalist")
    api, reviewer = trial.deployment.api(), trial.deployment.new_principal("reviewer", ["reviews:decide"])
    review = api.run(run_id)["review_id"]
    reviewer.post(f"/v1/reviews/{review}/approve", {"arguments": {"text": "a line"}})
    poll(trial.killed, f"{point} is passed", 30)
    assert trial.start()
    api = trial.deployment.api()
    asked = [e for e in until_parked(api, run_id) if e["type"] == "review_requested"][-1]["data"]
    assert asked["kind"] == "unknown_outcome" and asked["tool"] == "journal" and asked["arguments"] == {"text": "a line"}
    assert api.run(run_id)["status"] == "waiting_review"
    return trial, run_id, asked["review_id"]


def until_parked(api, run_id: str) -> list[dict]:
    reviews = []
    for event in api.follow(run_id):
        if event.id is not None:
            reviews.append(event.json)
            if [e["type"] for e in reviews].count("review_requested") == 2:
                return reviews
    raise AssertionError("the run ended")


@pytest.mark.parametrize("point, done_before", [("orchestrator.before_send.tool", 0), ("orchestrator.after_send.tool", 1)])
@pytest.mark.parametrize("answer, body, more", [("retry", {}, 1), ("done", {"result": {"written": True}}, 0), ("deny", {"note": "leave it"}, 0)])
def test_a_once_tool_of_unknown_outcome_waits_for_a_person(template, folders, point, done_before, answer, body, more):
    trial, run_id, review = parked(template, folders, point)
    try:
        api = trial.deployment.api()
        assert trial.journal() == ["a line"] * done_before
        assert api.post(f"/v1/reviews/{review}/{answer}", body, expect=403)["code"] == "own_request"
        reviewer = trial.deployment.new_principal("second-reviewer", ["reviews:decide"])
        assert reviewer.post(f"/v1/reviews/{review}/approve", {}, expect=400)["code"] == "bad_answer"
        reviewer.post(f"/v1/reviews/{review}/{answer}", body)
        run = api.finished(run_id)
        assert run["status"] == "completed", run
        assert trial.journal() == ["a line"] * (done_before + more)
        results = [e["data"] for e in api.durable_events(run_id) if e["type"] == "tool_result"]
        assert [r["result"] for r in results] == ([] if answer == "deny" else [{"written": True}]), "a person's result is judged and told, too"
    finally:
        trial.deployment.stop()


def test_the_product_has_no_fail_points(product, folders):
    deployment = Deployment("one", product, folders("no-points"))
    try:
        deployment.start(WRIT_FAIL_POINT="orchestrator.before_send.model:1")
        api = deployment.api()
        assert api.finished(api.start("talker", "Hello")["run_id"])["status"] == "completed"
        run = api.finished(api.start("journalist")["run_id"])
        assert run["status"] == "failed" and "no_tool" in run["reason"]
    finally:
        deployment.stop()
