"""An HTTP client of the public API that acts as one principal."""

from __future__ import annotations

import contextlib
import time
import typing

import httpx

import events

if typing.TYPE_CHECKING:
    from deployment import Deployment

ENDS = ("completed", "denied", "failed", "cancelled")
TIMEOUT = 120  # seconds, also of a whole stream, whose heartbeats never end; a crowded machine


def forced(tool: str) -> dict:
    return {"type": "function", "function": {"name": tool}}


def until_deadline(lines: typing.Iterable[str]) -> typing.Iterator[str]:
    until = time.monotonic() + TIMEOUT
    for line in lines:
        assert time.monotonic() < until, f"the stream did not end within {TIMEOUT} s"
        yield line


class Api:
    def __init__(self, deployment: Deployment, key: str):
        self.deployment = deployment
        self.key = key
        self.http = httpx.Client(timeout=TIMEOUT)

    def request(self, method: str, path: str, **options) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.key}"} | options.pop("headers", {})
        return self.http.request(method, self.deployment.address() + path, headers=headers, **options)

    def get(self, path: str, expect: int = 200, **options) -> dict:
        return self.expect(self.request("GET", path, **options), expect)

    def post(self, path: str, body: dict | None = None, expect: int = 200, **options) -> dict:
        return self.expect(self.request("POST", path, json=body, **options), expect)

    @staticmethod
    def expect(answer: httpx.Response, status: int) -> dict:
        assert answer.status_code == status, f"{answer.request.method} {answer.request.url} gave {answer.status_code}: {answer.text}"
        return answer.json()

    # ---- runs

    def start(self, capsule: str, prompt: str = "What is 17 times 23?", **more) -> dict:
        headers = {"Idempotency-Key": more.pop("idempotency_key")} if "idempotency_key" in more else {}
        return self.post("/v1/sessions", {"prompt": prompt, "capsule": capsule} | more, expect=201, headers=headers)

    def run(self, run_id: str) -> dict:
        return self.get(f"/v1/runs/{run_id}")

    def follow(self, run_id: str, after: int | None = None) -> typing.Iterator[events.ServerSentEvent]:
        """The run's stream up to its end; after: the last id that is known already."""
        headers = {"Authorization": f"Bearer {self.key}"} | ({"Last-Event-ID": str(after)} if after is not None else {})
        with self.http.stream("GET", f"{self.deployment.address()}/v1/runs/{run_id}/events", headers=headers) as answer:
            assert answer.status_code == 200, answer.read()
            assert answer.headers["content-type"].startswith("text/event-stream")
            yield from events.parse(until_deadline(answer.iter_lines()))

    def durable_events(self, run_id: str) -> list[dict]:
        """All durable events of a run that has ended, or of a run as soon as it ends."""
        return [e.json for e in self.follow(run_id) if e.id is not None]

    def until(self, run_id: str, type_: str, after: int | None = None) -> dict:
        """The first event of this type."""
        for event in self.follow(run_id, after):
            if event.event == "" and event.json["type"] == type_:
                return event.json
        raise AssertionError(f"{run_id} ended without {type_}: {self.run(run_id)}")

    def finished(self, run_id: str) -> dict:
        """The run, once it has ended."""
        self.until(run_id, "run_finished")
        run = self.run(run_id)
        assert run["status"] in ENDS
        return run

    def audit(self, run_id: str | None = None) -> list[dict]:
        records: list[dict] = []
        query: dict = {"limit": 200} | ({"run_id": run_id} if run_id else {})
        while True:
            page = self.get("/v1/audit", params=query)
            records += page["records"]
            if "next" not in page:
                return records
            query["after"] = page["next"]

    # ---- chat

    @contextlib.contextmanager
    def open_chat(self, body: dict) -> typing.Iterator[typing.Iterator[str]]:
        """The lines of a streamed answer, whose head comes before the model begins. Leaving it closes the connection."""
        with httpx.Client(timeout=TIMEOUT, headers={"Authorization": f"Bearer {self.key}"}) as client:
            with client.stream("POST", self.deployment.address() + "/v1/chat/completions", json=body | {"stream": True}) as answer:
                assert answer.status_code == 200, answer.read()
                yield until_deadline(answer.iter_lines())

    def chat_lines(self, body: dict) -> typing.Iterator[events.ServerSentEvent]:
        headers = {"Authorization": f"Bearer {self.key}"}
        with self.http.stream("POST", self.deployment.address() + "/v1/chat/completions", json=body | {"stream": True}, headers=headers) as answer:
            assert answer.status_code == 200, answer.read()
            yield from events.parse(until_deadline(answer.iter_lines()))


def remembered(events: list[dict]) -> dict[str, str]:
    """What these events of a run say was stored by the tool remember."""
    calls = {(e["data"]["step"], e["data"]["call_id"]): e["data"]["arguments"] for e in events
             if e["type"] == "step_started" and e["data"].get("tool") == "remember"}
    done = [(e["data"]["step"], e["data"]["call_id"]) for e in events if e["type"] == "tool_result" and "result" in e["data"]]
    return {calls[call]["key"]: calls[call]["value"] for call in done if call in calls}


def say(text: str, **more) -> dict:
    """A chat request whose answer can only be this text, as JSON."""
    return {"model": "writ-tiny", "messages": [{"role": "user", "content": "Go on."}], "max_tokens": 1600,
            "response_format": {"type": "json_schema", "json_schema": {"name": "said", "schema": {"type": "string", "enum": [text]}}}} | more
