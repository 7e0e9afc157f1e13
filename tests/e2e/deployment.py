"""The processes of one platform in one shape: how they are started, killed, restarted and asked."""

import json
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from api import Api
from reserved_port import ReservedPort

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SERVICES = {  # role: service, in the order of starting
    "identity": "identity-service",
    "policy": "policy-engine",
    "recall": "recall-service",
    "slm": "slm-service",
    "orchestrator": "orchestrator",
    "gateway": "gateway-api",
}
START_PATIENCE = 60  # seconds; a crowded machine
MODEL = "writ-tiny"


def poll(condition, what: str, seconds: float = 30, pause: float = 0.02):
    """The first true value of condition(), or a failure that says what was waited for."""
    until = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > until:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(pause)


def clean_environment(**more: str) -> dict[str, str]:
    """Nothing of the caller's settings reaches the product."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("WRIT_", "E2E_", "OTEL_")) and k not in ("PORT", "TEMPORAL_ENABLED")}
    return kept | more


def make_bundle(folder: Path, **overrides: dict) -> Path:
    """The shipped policies with tests/e2e/policies laid over them; overrides: limits={…} and its like replace a file's members."""
    shutil.copytree(ROOT / "policies", folder)
    shutil.copy(HERE / "policies" / "e2e.cedar", folder)
    for name in ("detectors", "grants", "limits"):
        file = folder / f"{name}.json"
        document = json.loads(file.read_text())
        for source in (json.loads((HERE / "policies" / f"{name}.json").read_text()), overrides.get(name, {})):
            for key, value in source.items():
                document[key] = document[key] + value if isinstance(value, list) and source is not overrides.get(name) else value
        file.write_text(json.dumps(document))
    return folder


@dataclass
class Process:
    name: str
    popen: subprocess.Popen
    log: Path

    def wait_for_exit(self, seconds: float = 30) -> int:
        return self.popen.wait(seconds)

    def running(self) -> bool:
        return self.popen.poll() is None


@dataclass
class Deployment:
    shape: str  # one | split
    binary: Path
    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    bundle: dict[str, dict] = field(default_factory=dict)
    roles: tuple[str, ...] = tuple(SERVICES)
    processes: dict[str, Process] = field(default_factory=dict)
    ports: dict[str, ReservedPort] = field(default_factory=dict)
    admin_key: str = ""

    @property
    def data(self) -> Path:
        return self.folder / "data"

    # ---- life

    def initialise(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        bundle = make_bundle(self.folder / "bundle", **self.bundle)
        made = subprocess.run([self.binary, "init", "--bundle", bundle, "--json"], env=self.environment(), capture_output=True, text=True, timeout=START_PATIENCE)
        assert made.returncode == 0, made.stderr
        self.admin_key = json.loads(made.stdout)["admin_key"]

    def start(self, **more: str) -> "Deployment":
        """Starts what does not run; more: settings of this start only."""
        if not self.admin_key:
            self.initialise()
        for name in self.names():
            self.launch(name, **more)
            if self.shape == "split":
                self.await_answer(name)
        for name in self.names():
            self.await_ready(name)
        return self

    def names(self) -> list[str]:
        return ["writ"] if self.shape == "one" else list(self.roles)

    def launch(self, name: str, **more: str) -> Process:
        """Starts one process and does not wait for it."""
        if name in self.processes and self.processes[name].running():
            return self.processes[name]
        command = [str(self.binary), "serve"] + ([] if self.shape == "one" else ["--service", SERVICES[name]])
        log = self.folder / f"{name}.log"
        with log.open("ab") as out:
            popen = subprocess.Popen(command, env=self.environment(name, **more), stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        self.processes[name] = Process(name, popen, log)
        return self.processes[name]

    def environment(self, name: str = "writ", **more: str) -> dict[str, str]:
        out = {"WRIT_DATA_DIR": str(self.data), "WRIT_SLM_DEFAULT_MODEL": MODEL, "WRIT_MODELS_DIR": str(ROOT / "models"),
               "WRIT_ORCHESTRATOR_CAPSULES": str(HERE / "capsules"), "PORT": "0"}
        if self.shape == "split" and name in SERVICES:
            if not self.ports:
                self.ports = {role: ReservedPort() for role in SERVICES}
            out["PORT"] = str(self.ports[name].number)
            out |= {f"WRIT_{role.upper()}_URL": self.address(role) for role in SERVICES if role != name}
        return clean_environment(**(out | self.settings | more))

    def stop(self) -> None:
        for process in self.processes.values():
            if process.running():
                process.popen.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait_for_exit(20)
            except subprocess.TimeoutExpired:
                process.popen.kill()
                process.popen.wait()

    def process_of(self, role: str) -> Process:
        return self.processes["writ" if self.shape == "one" else role]

    def kill(self, role: str) -> None:
        """As a power cut: kill -9 of the process that runs this service."""
        process = self.process_of(role)
        process.popen.kill()
        process.popen.wait()

    def restart(self, role: str, **more: str) -> None:
        """Starts the killed process of this service again and waits until it is ready."""
        name = "writ" if self.shape == "one" else role
        self.launch(name, **more)
        self.await_ready(name)

    # ---- where and how

    def address(self, role: str = "gateway") -> str:
        """Where the service's own port is; in one process all are the same."""
        if self.shape == "split":
            return f"http://127.0.0.1:{self.ports[role].number}"
        return json.loads((self.data / "run.json").read_text())["address"]

    def await_answer(self, name: str) -> None:
        process = self.processes[name]

        def answers() -> bool:
            assert process.running(), f"{name} ended with {process.popen.returncode}:\n{process.log.read_text()[-3000:]}"
            try:
                if self.shape == "one" and json.loads((self.data / "run.json").read_text())["pid"] != process.popen.pid:
                    return False
                return httpx.get(self.address(name) + "/health", timeout=5).status_code == 200
            except (httpx.TransportError, FileNotFoundError, json.JSONDecodeError):
                return False

        poll(answers, f"{name} answers", START_PATIENCE)

    def await_ready(self, name: str) -> None:
        self.await_answer(name)
        poll(lambda: self.readiness(name)[0] == 200, f"{name} is ready", START_PATIENCE)

    def readiness(self, role: str = "gateway", path: str = "/ready") -> tuple[int, dict]:
        answer = httpx.get(self.address(role) + path, timeout=5)
        return answer.status_code, answer.json()

    def metrics_text(self, role: str) -> str:
        return httpx.get(self.address(role) + "/metrics", timeout=10).text

    # ---- who

    def api(self, key: str = "") -> Api:
        """The API as the local developer, or with another key."""
        return Api(self, key or (self.data / "local.key").read_text().strip())

    @property
    def admin(self) -> Api:
        return Api(self, self.admin_key)

    def new_principal(self, subject: str, scopes: list[str], tenant: str = "local") -> Api:
        return self.api(self.admin.post("/v1/keys", {"subject": subject, "scopes": scopes, "tenant": tenant}, expect=201)["api_key"])

    def developer_of(self, tenant: str, subject: str = "developer") -> Api:
        return self.new_principal(subject, ["runs:write", "runs:read", "models:use", "audit:read", "reviews:decide"], tenant)

    def client_secret(self, service: str) -> str:
        return (self.data / "secrets" / f"client-{service}").read_text()

    def service_token(self, service: str, audience: str) -> str:
        answer = httpx.post(self.address() + "/oauth2/token", timeout=10, auth=(service, self.client_secret(service)),
                            data={"grant_type": "client_credentials", "audience": audience})
        assert answer.status_code == 200, answer.text
        return answer.json()["access_token"]

    def proof(self, audience: str, subject: str = "developer", tenant: str = "local") -> str:
        """What the orchestrator shows at a service for a principal; only in the split shape."""
        answer = httpx.post(self.address("identity") + "/internal/v1/identity/resolve", timeout=10,
                            headers={"Authorization": "Bearer " + self.service_token("orchestrator", "identity")},
                            json={"tenant": tenant, "subject": subject, "audience": audience})
        assert answer.status_code == 200, answer.text
        return answer.json()["token"]
