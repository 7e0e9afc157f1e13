"""Clients that mean no good, and readers that sleep: nobody else notices, and SIGTERM always ends the process."""

import contextlib
import os
import random
import resource
import signal
import socket
import subprocess
import threading
import time

import httpx
import pytest

from deployment import clean_environment, poll
from metrics import Samples

REFUSED = b"GET /v1/budget HTTP/1.1\r\nHost: localhost\r\n\r\n"  # without a key: 401, and a line in the log
SEED = 20_261_130


def connect(address: str, timeout: float = 10) -> socket.socket:
    host, port = address.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=timeout)


def answer_to(address: str, raw: bytes) -> bytes:
    """All that is said until the server closes, or has been silent for a while."""
    out = b""
    with connect(address, 3) as s:
        s.sendall(raw)
        with contextlib.suppress(TimeoutError, ConnectionResetError):
            while piece := s.recv(65_536):
                out += piece
    return out


@pytest.fixture
def unread(own_platform, shape):
    """A server whose stdout and stderr are a pipe that nobody reads and that is full already."""
    if shape != "one":
        pytest.skip("one process is enough")
    platform = own_platform()
    platform.initialise()
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writing, b"x" * 4096)
    os.set_blocking(writing, True)
    process = subprocess.Popen([str(platform.binary), "serve"], env=clean_environment(**platform.environment("writ", WRIT_LOG_LEVEL="debug")),
                               stdout=writing, stderr=writing, stdin=subprocess.DEVNULL)
    os.close(writing)
    poll(lambda: (platform.data / "run.json").exists(), "the server listens although nobody reads", 60)
    poll(lambda: answers(platform.address()), "it answers", 60)
    yield platform, process, reading
    with contextlib.suppress(OSError):
        os.close(reading)
    process.kill()
    process.wait()


def answers(address: str) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(address + "/health", timeout=5).status_code == 200
    return False


def test_a_log_that_nobody_reads_holds_up_nobody(unread):
    platform, process, reading = unread
    address = platform.address()
    with httpx.Client(timeout=10) as client:
        for _ in range(3000):
            assert client.get(address + "/v1/budget").status_code == 401
        assert client.get(address + "/health").status_code == 200
        dropped = Samples(client.get(address + "/metrics").text).total("log_lines_dropped_total")
    if dropped:
        text = b""
        while b"log_lines_dropped" not in text:
            text += os.read(reading, 65_536)
    process.send_signal(signal.SIGTERM)
    assert process.wait(40) == 0


def test_sigterm_ends_a_server_whose_log_nobody_reads(unread):
    platform, process, _ = unread
    with httpx.Client(timeout=10) as client:
        for _ in range(300):
            assert client.get(platform.address() + "/v1/budget").status_code == 401
    process.send_signal(signal.SIGTERM)
    assert process.wait(40) == 0


def test_a_full_disk_under_the_log_holds_up_nobody(own_platform, shape):
    if shape != "one":
        pytest.skip("one process is enough")
    platform = own_platform()
    platform.initialise()
    with open("/dev/full", "wb") as full:
        process = subprocess.Popen([str(platform.binary), "serve"], env=clean_environment(**platform.environment()), stdout=full, stderr=full)
    try:
        poll(lambda: (platform.data / "run.json").exists() and answers(platform.address()), "it answers", 60)
        with httpx.Client(timeout=10) as client:
            for _ in range(50):
                assert client.get(platform.address() + "/v1/budget").status_code == 401
            assert Samples(client.get(platform.address() + "/metrics").text).total("log_lines_dropped_total") > 0
        process.send_signal(signal.SIGTERM)
        assert process.wait(40) == 0
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("coding", ["gzip", "identity", "xchunked", "chunked, gzip", "gzip, chunked", "chunked, chunked", "", "chunked;q=1", "\tx chunked"])
@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_a_body_is_never_read_as_the_next_request(platform, coding, version):
    raw = (f"POST /v1/sessions HTTP/{version}\r\nHost: localhost\r\nConnection: keep-alive\r\nTransfer-Encoding: {coding}\r\n\r\n"
           "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").encode()
    said = answer_to(platform.address(), raw)
    assert said.startswith(b"HTTP/1.1 400 ") and said.count(b"HTTP/1.1 ") == 1, said
    assert b"Connection: close" in said


def test_very_many_connections_of_one_address_keep_nobody_out(own_platform, shape):
    if shape != "one":
        pytest.skip("the gateway's server is the same")
    platform = own_platform(settings={"WRIT_HTTP_CONNECTIONS": "512", "WRIT_HTTP_CONNECTIONS_PER_ADDRESS": "256"}).start()
    address = platform.address()
    with contextlib.ExitStack() as stack:
        for i in range(900):
            s = stack.enter_context(connect(address))
            if i % 3 == 0:
                s.sendall(b"GET /health HTTP/1.1\r\nHost:")
        for path, status in (("/health", 200), ("/ready", 200), ("/metrics", 200), ("/v1/budget", 401)):
            assert httpx.get(address + path, timeout=5).status_code == status, path
        assert Samples(platform.metrics_text("gateway")).total("http_evicted_total") > 0


def test_without_file_descriptors_idle_guests_make_room(own_platform, shape):
    if shape != "one":
        pytest.skip("one process is enough")
    platform = own_platform().start()
    process = platform.process_of("gateway")
    pid = process.popen.pid
    _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    with contextlib.ExitStack() as idle:

        def guest() -> None:
            one = idle.enter_context(connect(platform.address()))
            one.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert one.recv(65_536).startswith(b"HTTP/1.1 200 ")

        guest()
        most = max(int(fd) for fd in os.listdir(f"/proc/{pid}/fd"))
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (most + 1, hard))
        for _ in range(40):  # more than are free: each on whatever loop the kernel gives it to
            guest()
        assert "accept_failed" in process.log.read_text()
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (hard, hard))
    assert httpx.get(platform.address() + "/health").status_code == 200
    assert platform.api().get("/v1/budget")


def test_a_stop_is_asked_twice(own_platform, shape):
    """Who asks twice does not want to wait."""
    if shape != "one":
        pytest.skip("one process is enough")
    platform = own_platform(settings={"WRIT_STOP_GRACE": "60s"}).start()
    process = platform.processes["writ"]
    process.popen.send_signal(signal.SIGTERM)
    poll(lambda: platform.readiness()[0] == 503, "not ready", 30)
    process.popen.send_signal(signal.SIGTERM)
    assert process.wait_for_exit(20) == -signal.SIGTERM


@pytest.mark.slow
def test_a_stop_at_any_moment_under_load_loses_no_answer(own_platform, shape):
    """Clients that connect anew for each request: answered whole, or refused before they were let in."""
    if shape != "one":
        pytest.skip("the gateway's server is the same")
    moments = random.Random(SEED)
    platform = own_platform()
    for _ in range(5):
        platform.start()
        address, lost, answered, enough = platform.address(), [], [], threading.Event()

        def ask():
            while not enough.is_set():
                try:
                    s = connect(address, 20)
                except OSError:
                    return
                with s:
                    try:
                        s.sendall(REFUSED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
                        said = b""
                        while piece := s.recv(65_536):
                            said += piece
                        (answered if said.startswith(b"HTTP/1.1 401 ") else lost).append(said)
                    except OSError as error:
                        lost.append(repr(error))

        clients = [threading.Thread(target=ask) for _ in range(4)]
        for client in clients:
            client.start()
        time.sleep(moments.uniform(0.05, 1))  # the moment is what is tried
        process = platform.processes["writ"]
        process.popen.send_signal(signal.SIGTERM)
        assert process.wait_for_exit(60) == 0
        enough.set()
        for client in clients:
            client.join(60)
        assert answered and not lost, lost[:3]


def test_a_page_of_another_site_gets_nowhere(platform):
    address = platform.address()
    assert httpx.get(address + "/health", headers={"Host": "evil.example"}).status_code == 400
    assert httpx.get(address + "/health", headers={"Origin": "https://evil.example"}).status_code == 403
    preflight = httpx.options(address + "/v1/budget", headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"})
    assert preflight.status_code == 403 and not [name for name in preflight.headers if name.startswith("access-control")]


def test_a_listed_page_may_ask(own_platform, shape):
    if shape != "one":
        pytest.skip("the gateway's server is the same")
    platform = own_platform(settings={"WRIT_HTTP_ORIGINS": "https://app.example, http://localhost:3000"}).start()
    preflight = httpx.options(platform.address() + "/v1/budget", headers={"Origin": "https://app.example", "Access-Control-Request-Method": "GET",
                                                                         "Access-Control-Request-Headers": "authorization"})
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "https://app.example"
    assert "authorization" in preflight.headers["access-control-allow-headers"].lower()
    assert "access-control-allow-credentials" not in preflight.headers
    answer = httpx.get(platform.address() + "/v1/budget", headers={"Origin": "http://localhost:3000", "Authorization": f"Bearer {platform.api().key}"})
    assert answer.status_code == 200 and answer.headers["access-control-allow-origin"] == "http://localhost:3000"


def test_bytes_that_are_no_http_never_end_the_server(platform):
    """Mutations of good requests: every connection ends, every answer has a status, the server goes on."""
    dice = random.Random(SEED)
    good = [REFUSED, b"POST /v1/sessions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            b"POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"]
    for i in range(300):
        raw = bytearray(dice.choice(good) * dice.randint(1, 3))
        for _ in range(dice.randint(1, 8)):
            at = dice.randrange(len(raw))
            match dice.randrange(4):
                case 0: raw[at] = dice.randrange(256)
                case 1: del raw[at:at + dice.randint(1, 20)]
                case 2: raw[at:at] = bytes(dice.randrange(256) for _ in range(dice.randint(1, 20)))
                case 3: raw[at:at] = dice.choice([b"\r\n", b"\n", b"\r", b" ", b"\0", b"Transfer-Encoding: chunked\r\n", b"Content-Length: 7\r\n"])
            if not raw:
                break
        with connect(platform.address()) as s:
            with contextlib.suppress(OSError):
                s.sendall(bytes(raw))
                s.shutdown(socket.SHUT_WR)
                said = b""
                while piece := s.recv(65_536):
                    said += piece
                assert not said or said.startswith(b"HTTP/1.1 "), f"seed {SEED}, case {i}: {bytes(raw)!r}"
    assert httpx.get(platform.address() + "/health").status_code == 200
