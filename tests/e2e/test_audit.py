"""The audit as its readers have it: verified by command with and without a server, exported, and attacked by who has the folder."""

import json
import shutil
import sqlite3
import subprocess

import pytest

import audit_chain
from deployment import Deployment, poll

KILLED = 137


class Auditor:
    """Runs `writ audit …` on a deployment's folder."""

    def __init__(self, deployment):
        self.deployment = deployment

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess:
        return subprocess.run([self.deployment.binary, "audit", *map(str, arguments)], env=self.deployment.environment(**more), capture_output=True, text=True, timeout=120)

    def report(self, *arguments: str, **more: str) -> dict:
        done = self.run("verify", "--json", *arguments, **more)
        assert done.returncode in (0, 1), done.stderr
        report = json.loads(done.stdout)
        assert (done.returncode == 0) == report["ok"]
        return report

    def codes(self, *arguments: str) -> set[str]:
        return {finding["code"] for finding in self.report(*arguments)["findings"]}

    def head(self) -> str:
        done = self.run("head")
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @property
    def database(self):
        return self.deployment.data / "policy" / "policy.db"

    @property
    def lines(self):
        return self.deployment.data / "policy" / "checkpoints.jsonl"

    def change(self, *statements: str) -> None:
        with sqlite3.connect(self.database) as database:
            for statement in statements:
                assert database.execute(statement).rowcount > 0, statement
        database.close()


def files_of(folder) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


@pytest.fixture(scope="module")
def stopped(product, folders):
    """A stopped platform in one process with two tenants' runs and several checkpoints."""
    deployment = Deployment("one", product, folders("audit"), settings={"WRIT_POLICY_CHECKPOINT_EVERY": "200ms"})
    deployment.initialise()
    deployment.start()
    for api in (deployment.api(), deployment.developer_of("acme"), deployment.api()):
        before = Auditor(deployment).head()
        assert api.finished(api.start("talker", "Hello")["run_id"])["status"] == "completed"
        poll(lambda: Auditor(deployment).head() != before, "another checkpoint", 10)
    auditor = Auditor(deployment)
    deployment.noted = auditor.head()
    deployment.keys = deployment.folder / "head.json"
    deployment.keys.write_text(auditor.run("head", "--json").stdout)
    for name, tenant in (("all.export", None), ("acme.export", "acme")):
        done = auditor.run("export", deployment.folder / name, *(["--tenant", tenant] if tenant else []), WRIT_API_KEY=deployment.admin_key)
        assert done.returncode == 0, done.stderr
    deployment.stop()
    return deployment


@pytest.fixture
def auditor(stopped, folders):
    """A copy of the stopped platform's folder for an attack."""
    copy = Deployment("one", stopped.binary, folders("attacked"), settings=stopped.settings)
    shutil.copytree(stopped.data, copy.data)
    copy.admin_key = stopped.admin_key
    yield Auditor(copy)
    copy.stop()


def test_a_verification_without_a_server_covers_all_tenants_and_writes_nothing(auditor, stopped):
    before = files_of(auditor.deployment.data)
    report = auditor.report()
    assert report["ok"], report
    with sqlite3.connect(f"file:{auditor.database}?immutable=1", uri=True) as database:
        assert report["records"] == database.execute("SELECT count(*) FROM audit").fetchone()[0]
        assert report["checkpoints"] == database.execute("SELECT count(*) FROM checkpoints").fetchone()[0] > 3
    assert report["uncovered"] == 0, "the stop signs what is left"
    assert auditor.report("--expect", stopped.noted)["ok"]
    assert files_of(auditor.deployment.data) == before


def test_lines_and_rows_are_the_same_bytes(auditor):
    with sqlite3.connect(f"file:{auditor.database}?immutable=1", uri=True) as database:
        rows = [text for (text,) in database.execute("SELECT document FROM checkpoints ORDER BY n")]
    assert auditor.lines.read_text().splitlines() == rows


COLUMNS = {"run_id": "'run_x'", "subject": "'mallory'", "kind": "'x'", "at": "at + 1", "data": "'{}'", "hash": "hex(randomblob(32))", "prev_hash": "hex(randomblob(32))", "v": "1"}


@pytest.mark.parametrize("column", COLUMNS)
def test_a_changed_column_is_found_at_its_place(auditor, column):
    auditor.change(f"UPDATE audit SET {column} = {COLUMNS[column]} WHERE tenant = 'local' AND seq = 2")
    finding = auditor.report()["findings"][0]
    assert (finding["tenant"], finding["seq"]) == ("local", 2), finding


ATTACKS = {
    "a removed row": ["DELETE FROM audit WHERE tenant = 'local' AND seq = 2"],
    "two rows swapped": ["UPDATE audit SET seq = -2 WHERE tenant = 'local' AND seq = 2", "UPDATE audit SET seq = 2 WHERE tenant = 'local' AND seq = 3", "UPDATE audit SET seq = 3 WHERE tenant = 'local' AND seq = -2"],
    "a cut tail with its head": ["DELETE FROM audit WHERE tenant = 'local' AND seq > 3", "UPDATE audit_heads SET seq = 3, hash = (SELECT hash FROM audit WHERE tenant = 'local' AND seq = 3) WHERE tenant = 'local'"],
    "a missing tenant": ["DELETE FROM audit WHERE tenant = 'acme'", "DELETE FROM audit_heads WHERE tenant = 'acme'"],
    "a moved row": ["UPDATE audit SET tenant = 'acme', seq = 1000 WHERE tenant = 'local' AND seq = 2"],
    "a removed checkpoint": ["DELETE FROM checkpoints WHERE n = 2"],
    "the last checkpoints removed": ["DELETE FROM checkpoints WHERE n > 2"],
    "all checkpoints removed": ["DELETE FROM checkpoints", "DELETE FROM checkpoint_seal", "DELETE FROM checkpoint_lines"],
    "a changed checkpoint": ["UPDATE checkpoints SET document = replace(document, '\"seq\":1', '\"seq\":2') WHERE n = 3"],
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_on_the_database_is_found_before_and_after_a_start(auditor, attack):
    auditor.change(*ATTACKS[attack])
    assert auditor.codes()
    auditor.deployment.start()  # nothing that a start signs or repairs covers it up
    auditor.deployment.api().finished(auditor.deployment.api().start("talker", "Hello")["run_id"])
    auditor.deployment.stop()
    assert auditor.codes()


@pytest.mark.parametrize("also_lines", [False, True])
def test_a_history_with_new_hashes_is_found_and_never_signed(auditor, also_lines):
    with sqlite3.connect(auditor.database) as database:
        previous = audit_chain.GENESIS
        rows = database.execute("SELECT seq, v, shard, at, kind, run_id, subject, data FROM audit WHERE tenant = 'local' ORDER BY seq").fetchall()
        for seq, v, shard, at, kind, run_id, subject, data in rows:
            data = json.loads(data) | {"forged": True}
            record = {"v": v, "tenant": "local", "shard": shard, "seq": seq, "prev_hash": previous, "at": audit_chain.time_of(at), "kind": kind, "data": data}
            record |= {name: value for name, value in (("run_id", run_id), ("subject", subject)) if value}
            hash_ = audit_chain.hash_of(record)
            database.execute("UPDATE audit SET data = ?, prev_hash = ?, hash = ? WHERE tenant = 'local' AND seq = ?", (audit_chain.canonical(data).decode(), previous, hash_, seq))
            previous = hash_
        database.execute("UPDATE audit_heads SET hash = ? WHERE tenant = 'local'", (previous,))
        if also_lines:
            for table in ("checkpoints", "checkpoint_seal", "checkpoint_lines"):
                database.execute(f"DELETE FROM {table}")
    database.close()
    if also_lines:
        auditor.lines.unlink()
    assert auditor.codes() == ({"seal_broken"} if also_lines else {"chain_rewritten"})
    auditor.deployment.start()
    auditor.deployment.stop()
    with sqlite3.connect(f"file:{auditor.database}?mode=ro", uri=True) as database:
        signed = database.execute("SELECT max(n) FROM checkpoints").fetchone()[0]
    assert signed is None if also_lines else signed > 0
    assert auditor.codes() >= ({"seal_broken"} if also_lines else {"chain_rewritten"})


def change_lines(file, change) -> None:
    file.write_text("".join(line + "\n" for line in change(file.read_text().splitlines())))


LINE_ATTACKS = {
    "the last line gone": lambda lines: lines[:-1],
    "the last three gone": lambda lines: lines[:-3],
    "a line gone": lambda lines: lines[:1] + lines[2:],
    "two swapped": lambda lines: [lines[1], lines[0], *lines[2:]],
    "all gone": lambda lines: [],
    "one edited": lambda lines: [lines[0].replace("Z", "z", 1), *lines[1:]],
    "one foreign": lambda lines: [lines[0], "{}", *lines[1:]],
}


@pytest.mark.parametrize("attack", LINE_ATTACKS)
def test_an_attack_on_the_lines_is_found_before_and_after_a_start(auditor, attack):
    change_lines(auditor.lines, LINE_ATTACKS[attack])
    assert auditor.codes()
    auditor.deployment.start()
    auditor.deployment.api().finished(auditor.deployment.api().start("talker", "Hello")["run_id"])
    auditor.deployment.stop()
    assert auditor.codes()


def test_a_missing_file_is_found_and_a_torn_last_line_is_written_whole_at_the_start(auditor):
    whole = auditor.lines.read_bytes()
    auditor.lines.unlink()
    assert "file_missing" in auditor.codes()
    auditor.lines.write_bytes(whole[:-30])
    assert auditor.codes() == {"line_torn"}
    auditor.deployment.start()
    poll(lambda: auditor.lines.read_bytes().startswith(whole), "the line is whole", 10)
    auditor.deployment.stop()
    assert auditor.codes() == set()


def test_an_older_copy_of_the_whole_folder_is_found_by_a_head_that_was_noted_down(auditor, stopped):
    older = files_of(auditor.deployment.data)
    auditor.deployment.start()
    api = auditor.deployment.api()
    before = auditor.head()  # the copy's, or a later one: its stop signed what was noted down there once more
    api.finished(api.start("talker", "Hello")["run_id"])
    noted = poll(lambda: (head := auditor.head()) != before and head, "another checkpoint", 10)
    auditor.deployment.stop()
    assert auditor.report("--expect", before)["ok"]
    shutil.rmtree(auditor.deployment.data)
    for name, content in older.items():
        file = auditor.deployment.data / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    for place in [auditor.deployment.data, *auditor.deployment.data.rglob("*")]:
        place.chmod(0o700 if place.is_dir() else 0o600)  # as it was: the owner's alone
    assert auditor.report()["ok"], "nothing in the folder tells"
    assert auditor.codes("--expect", noted) == {"not_as_expected"}


def test_an_export_is_verified_with_nothing_but_the_public_key(stopped, folders):
    nothing = Auditor(Deployment("one", stopped.binary, folders("elsewhere")))
    export = stopped.folder / "all.export"
    report = nothing.report(str(export), "--key", str(stopped.keys), "--expect", stopped.noted)
    assert report["ok"] and report["records"] > 0, report
    acme = (stopped.folder / "acme.export").read_text()
    assert '"tenant":"local"' not in acme  # who made acme's keys may be of another tenant
    report = nothing.report(str(stopped.folder / "acme.export"), "--key", str(stopped.keys))
    assert report["ok"] and report["records"] > 0, report
    lines = export.read_text().splitlines()
    forged = nothing.deployment.folder / "forged.export"
    for n, line in enumerate(lines):
        if n == 0 or '"record"' not in line:
            continue
        forged.write_text("\n".join([*lines[:n], line.replace('"decision":"allow"', '"decision":"deny"').replace('"at":"2', '"at":"3'), *lines[n + 1:]]) + "\n")
        findings = nothing.report(str(forged), "--key", str(stopped.keys))["findings"]
        assert findings[0]["line"] == n + 1 and findings[0]["file"] == "forged.export", findings
        break
    forged.write_text("\n".join(lines[:-1]) + "\n")
    assert nothing.codes(str(forged), "--key", str(stopped.keys)) == {"export_cut"}
    other = stopped.folder.parent / "nothing"
    assert not other.exists() and not nothing.deployment.data.exists(), "no folder is made for it"


def test_a_running_server_is_verified_while_it_writes(platform, api):
    auditor = Auditor(platform)
    where = {} if platform.shape == "one" else {"WRIT_GATEWAY_URL": platform.address()}
    for _ in range(3):
        api.start("talker", "Hello")
        assert auditor.report(**where)["ok"]


def test_another_tenants_audit_is_never_visible(platform):
    mine, stranger = platform.api(), platform.developer_of("globex", "auditor")
    mine.finished(mine.start("talker", "Hello")["run_id"])
    assert stranger.post("/v1/audit/verify", {"tenant": "local"}, expect=403)["code"] == "missing_scope"
    assert stranger.get("/v1/audit/export?tenant=local", expect=403)["code"] == "missing_scope"
    assert '"tenant":"local"' not in stranger.request("GET", "/v1/audit/export").text
    assert stranger.get("/v1/audit?kind=audit.exported")["records"][0]["subject"] == "auditor"


def test_a_key_that_is_made_and_revoked_is_told_with_who_did_it(platform):
    admin = platform.admin
    made = admin.post("/v1/keys", {"subject": "told", "scopes": ["runs:read"]}, expect=201)
    admin.post("/v1/tokens/revoke", {"key_id": made["key_id"]})

    def told(kind: str) -> list[dict]:
        return [r for r in admin.get("/v1/audit", params={"kind": kind, "limit": 1000})["records"] if r["data"].get("key_id") == made["key_id"]]

    for kind in ("key.created", "key.revoked"):
        [record] = poll(lambda: told(kind), f"{kind} is told", 15)
        assert record["subject"] == "admin" and len(record["data"]["trace_id"]) == 32
        assert made["api_key"] not in json.dumps(record)
    assert admin.post("/v1/audit/verify")["ok"]


def test_failed_authentications_are_counted_and_do_not_flood(platform):
    stranger = platform.api("writ_nobody")
    for _ in range(60):
        stranger.get("/v1/budget", expect=401)
    admin = platform.admin

    def records() -> list[dict]:
        return admin.get("/v1/audit", params={"tenant": "writ", "kind": "authentication.failed", "limit": 1000})["records"]

    poll(lambda: sum(r["data"]["attempts"] for r in records()) >= 60, "they are told", 40, 0.5)
    assert len(records()) <= 4, "an interval has one record"
    assert records()[0]["data"]["sources"][0]["source"] == "127.0.0.1"
    platform.developer_of("acme", "curious").get("/v1/audit?tenant=writ", expect=403)


@pytest.mark.fail_points
@pytest.mark.parametrize("point", ["policy.checkpoint.row", "policy.checkpoint.line", "sql.before_commit.policy", "sql.after_commit.policy"])
def test_a_kill_between_row_and_line_is_repaired(build_with_fail_points, folders, point):
    deployment = Deployment("one", build_with_fail_points, folders("killed"), settings={"WRIT_POLICY_CHECKPOINT_EVERY": "100ms"})
    deployment.initialise()
    for n in (1, 2):
        try:
            deployment.start(WRIT_FAIL_POINT=f"{point}:{n}")
            api = deployment.api()
            api.start("talker", "Hello")
        except Exception:  # noqa: BLE001 - it may die at any of these
            pass
        assert deployment.processes["writ"].wait_for_exit(30) == KILLED
        deployment.start()
        api = deployment.api()
        api.finished(api.start("talker", "Hello")["run_id"])
        poll(lambda: api.post("/v1/audit/verify")["checkpoints"] > 0, "a checkpoint", 10)
        report = api.post("/v1/audit/verify")
        assert report["ok"], report
        deployment.stop()
        auditor = Auditor(deployment)
        assert auditor.report()["ok"]
        with sqlite3.connect(f"file:{auditor.database}?mode=ro", uri=True) as database:
            rows = [text for (text,) in database.execute("SELECT document FROM checkpoints ORDER BY n")]
        assert auditor.lines.read_text().splitlines() == rows
