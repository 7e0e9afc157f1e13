"""Processes that are measured: started on a free port in a folder of their own, pinned to one core, stopped at the end."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

from reserved_port import ReservedPort  # noqa: E402

PATIENCE = 60  # seconds; a crowded machine
WIDE_RATE = 1 << 30  # requests or bytes a second, and at once; what is measured includes the counting


@dataclass
class Running:
    pid: int
    address: str
    key: str = ""
    admin_key: str = ""
    principal: str = ""
    ready_after: float = 0  # seconds from the start to the first 200 of /ready


def clean_environment(**more: str) -> dict[str, str]:
    """Nothing of the caller's settings reaches the product."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("WRIT_", "OTEL_")) and k not in ("PORT", "TEMPORAL_ENABLED")}
    return kept | more


def status_of(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except (urllib.error.URLError, ConnectionError):
        return 0


def await_status(url: str, process: subprocess.Popen, pause: float = 0.01) -> None:
    until = time.monotonic() + PATIENCE
    while status_of(url) != 200:
        if process.poll() is not None:
            raise SystemExit(f"a measured process ended with {process.returncode}: {process.args}")
        if time.monotonic() > until:
            raise SystemExit(f"not within {PATIENCE} s: {url} answers 200")
        time.sleep(pause)


def stop(process: subprocess.Popen) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def pinned(core: int | None, command: list) -> list[str]:
    return [*([] if core is None else ["taskset", "-c", str(core)]), *map(str, command)]


def with_wide_rates(folder: pathlib.Path) -> pathlib.Path:
    """The shipped policies, whose rate limits are kept, but far above what one principal asks here."""
    shutil.copytree(ROOT / "policies", folder)
    file = folder / "limits.json"
    limits = json.loads(file.read_text())
    for rate in limits["rates"]:
        most = WIDE_RATE if rate["per"] == "principal" else 2 * WIDE_RATE
        rate |= {"count": most, "per_seconds": 1, "burst": most}
    file.write_text(json.dumps(limits))
    return folder


@contextlib.contextmanager
def writ(binary: pathlib.Path, folder: pathlib.Path, core: int | None = None, data: pathlib.Path | None = None, **settings: str):
    """All services in one process; on a new data folder what `writ init` makes is there before the clock starts."""
    port = ReservedPort()
    data = data or folder / f"data-{port.number}"
    environment = clean_environment(WRIT_DATA_DIR=str(data), PORT=str(port.number), **settings)
    admin_key = ""
    if not data.exists():
        bundle = with_wide_rates(folder / f"bundle-{port.number}")
        made = subprocess.run([binary, "init", "--bundle", bundle, "--json"], env=environment, capture_output=True, text=True, check=True)
        admin_key = json.loads(made.stdout)["admin_key"]
    log = (folder / "writ.log").open("ab")
    began = time.monotonic()
    process = subprocess.Popen(pinned(core, [binary, "serve"]), env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        address = f"http://127.0.0.1:{port.number}"
        await_status(address + "/ready", process, 0.002)
        yield Running(process.pid, address, (data / "local.key").read_text().strip(), admin_key, ready_after=time.monotonic() - began)
    finally:
        stop(process)
        log.close()


def ask(url: str, body: dict, **headers: str) -> dict:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json", **headers})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


@contextlib.contextmanager
def policy_engine(binary: pathlib.Path, folder: pathlib.Path, core: int):
    """Policy in a process of its own, with identity beside it; `key` is a service token for it, `principal` a developer's."""
    data = folder / "split"
    subprocess.run([binary, "init", "--json"], env=clean_environment(WRIT_DATA_DIR=str(data)), capture_output=True, check=True)
    ports = {name: ReservedPort() for name in ("identity", "policy")}
    address = {name: f"http://127.0.0.1:{port.number}" for name, port in ports.items()}
    running = {}
    try:
        for name, service, at in (("identity", "identity-service", None), ("policy", "policy-engine", core)):
            others = {f"WRIT_{other.upper()}_URL": url for other, url in address.items() if other != name}
            environment = clean_environment(WRIT_DATA_DIR=str(data), WRIT_LOOPS="1", PORT=str(ports[name].number), **others)
            running[name] = subprocess.Popen(pinned(at, [binary, "serve", "--service", service]), env=environment,
                                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
            await_status(address[name] + "/health", running[name])
        await_status(address["policy"] + "/ready", running["policy"])

        def service_token(client: str, audience: str) -> str:
            secret = (data / "secrets" / f"client-{client}").read_text()
            return ask(address["identity"] + "/oauth2/token", {"grant_type": "client_credentials", "client_id": client, "client_secret": secret, "audience": audience})["access_token"]

        gateway = {"Authorization": f"Bearer {service_token('gateway', 'identity')}"}
        principal = ask(address["identity"] + "/internal/v1/identity/exchange", {"token": (data / "local.key").read_text().strip()}, **gateway)["token"]
        yield Running(running["policy"].pid, address["policy"], service_token("orchestrator", "policy"), principal=principal)
    finally:
        for process in running.values():
            stop(process)


@contextlib.contextmanager
def nginx(folder: pathlib.Path, core: int):
    """One process that answers every request with a short JSON text and reads nothing."""
    port = ReservedPort()
    place = folder / "nginx"
    place.mkdir(exist_ok=True)
    temporary = "".join(f"{kind}_temp_path {place}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (place / "nginx.conf").write_text(f"""
daemon off; master_process off; pid {place}/nginx.pid; error_log stderr crit;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 1000000000; default_type application/json; {temporary}
  server {{ listen 127.0.0.1:{port.number}; location / {{ return 200 '{{"status":"ok"}}'; }} }}
}}
""")
    process = subprocess.Popen(pinned(core, ["/usr/sbin/nginx", "-p", place, "-c", place / "nginx.conf"]), stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    try:
        await_status(f"http://127.0.0.1:{port.number}/", process)
        yield Running(process.pid, f"http://127.0.0.1:{port.number}")
    finally:
        stop(process)


@contextlib.contextmanager
def echo_server(program: pathlib.Path, folder: pathlib.Path, core: int):
    """The http room and identity's authenticator with one operation (programs/echo_server.cc)."""
    process = subprocess.Popen(pinned(core, [program, "--folder", folder]), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        told = json.loads(process.stdout.readline())
        yield Running(process.pid, f"http://127.0.0.1:{told['port']}", told["key"])
    finally:
        process.stdin.close()
        stop(process)
