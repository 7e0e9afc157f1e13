"""`writ model`: what a model would be given, and how well it answers. The tiny model's words mean nothing: only shapes are
asserted on, and cases that any words pass."""

import contextlib
import http.server
import json
import subprocess
import threading

import pytest

from deployment import MODEL, Deployment

CLOCK = {"type": "function", "function": {"name": "clock", "description": "Tells the time.", "parameters": {"type": "object", "properties": {"zone": {"type": "string"}}}}}
HELLO = {"role": "user", "content": "Hello"}


@pytest.fixture
def writ(product, folders):
    """Runs `writ model …` on no platform and gives the finished process."""
    deployment = Deployment("one", product, folders("model"))

    def run(*arguments: str, stdin: str = "", **more: str) -> subprocess.CompletedProcess:
        done = subprocess.run([product, "model", *arguments], input=stdin, env=deployment.environment(**more), capture_output=True, text=True, timeout=120)
        done.data = deployment.data
        return done

    return run


@pytest.fixture
def case_file(folders):
    folder = folders("cases")

    def write(*cases: dict | str):
        file = folder / "cases.jsonl"
        file.write_text("".join((case if isinstance(case, str) else json.dumps(case)) + "\n" for case in cases))
        return str(file)

    return write


def talk(number: int, **answer) -> dict:
    return {"id": f"talk/{number}", "split": "talk", "messages": [HELLO], "steps": [{"answer": answer}]}


def call(number: int) -> dict:
    return {"id": f"call/{number}", "split": "call", "messages": [HELLO], "tools": [CLOCK],
            "steps": [{"calls": [{"name": "no_such_tool", "arguments": {}}], "results": ["{}"]}, {"answer": {"must": ["noon"]}}]}


def test_render_answers_each_line_as_it_comes(product, folders):
    deployment = Deployment("one", product, folders("render"))
    process = subprocess.Popen([product, "model", "render", "--model", MODEL, "--tokens"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=deployment.environment())
    with process:
        def ask(document) -> dict:
            process.stdin.write(json.dumps(document) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        asked = ask({"messages": [HELLO], "tools": [CLOCK]})
        assert asked["text"].endswith("<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n")
        assert '{"name":"clock","description":"Tells the time.","parameters":{"zone?":"string"}}' in asked["text"]
        assert asked["tokens"] and all(isinstance(token, int) for token in asked["tokens"])
        told = ask({"messages": [HELLO, {"role": "assistant", "content": "Good day."}], "add_generation_prompt": False})
        assert told["text"].endswith("<|im_start|>assistant\nGood day.<|im_end|>\n")
        refused = ask({"messages": [{"role": "robot", "content": "x"}]})
        assert refused["error"]["code"] == "bad_messages" and refused["error"]["problems"][0]["pointer"] == "/messages/0/role"
        assert ask({"messages": [HELLO]})["text"], "a bad line ends nothing"
        process.stdin.close()
        assert process.wait(30) == 1, "one line was refused"


def test_eval_scores_each_split_and_touches_no_platform(writ, case_file):
    cases = case_file(*(talk(i, any=list("aeiou0123456789")) for i in range(3)), *(talk(i, must=["\u2603 never"]) for i in range(3, 5)), *(call(i) for i in range(4)))
    done = writ("eval", cases, "--model", MODEL, "--json", "--show", "9", "--max-tokens", "48")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["model"] == MODEL and report["cases"] == report["played"] == 9 and report["cpu"]
    assert report["prompt_tokens"] > 0 and report["completion_tokens"] > 0
    call_split, talk_split = report["splits"]
    assert (call_split["split"], talk_split["split"]) == ("call", "talk")
    assert call_split["cases"]["of"] == call_split["calls"]["of"] == call_split["first_call"]["of"] == 4
    assert call_split["calls"]["right"] == 0 and call_split["answers"]["of"] == 0, "the answers are not reached"
    assert talk_split["cases"]["of"] == talk_split["answers"]["of"] == 5 and talk_split["calls"]["of"] == 0
    assert talk_split["cases"]["right"] <= 3
    assert 0 <= talk_split["cases"]["low"] <= talk_split["cases"]["percent"] <= talk_split["cases"]["high"] <= 100
    wrong = [one["id"] for one in report["wrong"]]
    assert wrong[-6:] == ["talk/3", "talk/4", "call/0", "call/1", "call/2", "call/3"], "in the order of the cases"
    assert not done.data.exists(), "the person's data folder is not even made"


def test_eval_exits_with_1_when_a_minimum_is_missed(writ, case_file):
    done = writ("eval", case_file(talk(1, must=["\u2603 never"])), "--model", MODEL, "--min", "talk=50", "--max-tokens", "16")
    assert done.returncode == 1
    assert "MISSED: talk, 0.0 % of 50.0 %" in done.stdout
    assert writ("eval", case_file(talk(1, must_not=["\u2603 never"])), "--model", MODEL, "--min", "talk=0", "--max-tokens", "16").returncode == 0


@pytest.mark.parametrize(("lines", "options", "told"), [
    (["{}"], [], "line 1"),
    ([""], [], "holds no case"),
    ([talk(1, must=["x"])], ["--min", "tlak=50"], "there are talk"),
    ([talk(1, must=["x"])], ["--min", "talk=many"], "SPLIT=PERCENT"),
    ([talk(1, must=["x"])], ["--model", "nobody"], "writ-tiny"),
    ([talk(1, must=["x"])], ["--url", "https://example.org"], "https"),
])
def test_eval_says_why_it_cannot_start(writ, case_file, lines, options, told):
    done = writ("eval", case_file(*lines), *options)
    assert done.returncode == 2 and told in done.stderr, done.stderr
    assert done.stdout == ""


def test_eval_asks_a_running_server_with_a_key(platform, writ, case_file):
    cases = case_file(talk(1, must_not=["\u2603 never"]), talk(2, must_not=["\u2603 never"]))
    key = platform.new_principal("evaluator", ["models:use"]).key
    done = writ("eval", cases, "--url", platform.address(), "--model", MODEL, "--json", "--max-tokens", "16", WRIT_API_KEY=key)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["played"] == 2
    refused = writ("eval", cases, "--url", platform.address(), "--model", MODEL, WRIT_API_KEY="wk_nobody")
    assert refused.returncode == 1 and "HTTP 401" in refused.stderr and "WRIT_API_KEY" in refused.stderr
    useless = platform.new_principal("onlooker", ["runs:read"]).key
    forbidden = writ("eval", cases, "--url", platform.address(), "--model", MODEL, WRIT_API_KEY=useless)
    assert forbidden.returncode == 1 and "refused every case" in forbidden.stderr, forbidden.stderr


# ---- another server, whose answers the test chooses

@contextlib.contextmanager
def upstream(answer):
    """An OpenAI-compatible server: answer(request, path, headers) gives (status, headers, document)."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, headers, document = answer(json.loads(body), self.path, self.headers)
            out = json.dumps(document).encode()
            self.send_response(status)
            for name, value in ({"Content-Type": "application/json", "Content-Length": str(len(out))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(out)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def said(text: str, *calls: tuple[str, str, dict]) -> tuple[int, dict, dict]:
    message = {"role": "assistant", "content": text}
    if calls:
        message["tool_calls"] = [{"id": id_, "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}} for id_, name, arguments in calls]
    return 200, {}, {"model": "scripted", "choices": [{"message": message}], "usage": {"prompt_tokens": 10, "completion_tokens": 2}}


CHAIN = {"id": "chain/1", "split": "chain", "messages": [HELLO], "tools": [CLOCK],
         "steps": [{"calls": [{"name": "clock", "arguments": {"zone": "a"}}, {"name": "clock", "arguments": {"zone": "b"}}], "results": ["at a", "at b"]},
                   {"answer": {"must": ["1200"]}}]}


def test_eval_plays_the_client_of_any_server(writ, case_file):
    requests = []

    def answer(request, path, headers):
        requests.append(request)
        assert (path, headers["Authorization"]) == ("/v1/chat/completions", "Bearer secret")
        if len(requests) == 1:
            return said("", ("x", "clock", {"zone": "b"}), ("y", "clock", {"zone": "a"}))
        return said("It is 1,200.")

    with upstream(answer) as url:
        done = writ("eval", case_file(CHAIN), "--url", url, "--json", WRIT_API_KEY="secret")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    (split,) = report["splits"]
    for share in ("cases", "calls", "answers", "first_call"):
        assert (split[share]["right"], split[share]["of"]) == (1, 1), share
    assert (report["model"], report["prompt_tokens"], report["completion_tokens"]) == ("scripted", 20, 4)
    first, second = requests
    assert (first["temperature"], first["tool_choice"], first["tools"]) == (0, "auto", [CLOCK])
    assert second["messages"][0] == HELLO
    assert [call["id"] for call in second["messages"][1]["tool_calls"]] == ["x", "y"]
    assert second["messages"][2:] == [{"role": "tool", "tool_call_id": "x", "content": "at b"}, {"role": "tool", "tool_call_id": "y", "content": "at a"}]


def test_eval_asks_a_busy_server_again_and_counts_a_refused_case_as_wrong(writ, case_file):
    asked = []

    def answer(request, _, __):
        asked.append(request["messages"][0]["content"])
        if asked[-1] == "too long":
            return 400, {}, {"error": {"message": "the prompt is too long"}}
        return (503, {"Retry-After": "1"}, {}) if len(asked) == 1 else said("Hello.")

    long = talk(2, must=["x"]) | {"messages": [{"role": "user", "content": "too long"}]}
    with upstream(answer) as url:
        done = writ("eval", case_file(talk(1, must=["hello"]), long), "--url", url, "--jobs", "1", "--json", "--show", "2")
    assert done.returncode == 0, done.stderr
    assert asked == ["Hello", "Hello", "too long"]
    report = json.loads(done.stdout)
    (split,) = report["splits"]
    assert (split["cases"]["right"], split["cases"]["of"], split["refused"]) == (1, 2, 1)
    assert report["wrong"] == [{"id": "talk/2", "split": "talk", "step": 1, "fault": "HTTP 400: the prompt is too long"}]


def test_eval_stops_at_a_server_that_cannot_be_asked(writ, case_file):
    asked = []

    def answer(request, _, __):
        asked.append(request)
        return 500, {}, {"detail": "out of order"}

    with upstream(answer) as url:
        done = writ("eval", case_file(*(talk(i, must=["x"]) for i in range(20))), "--url", url, "--jobs", "1")
    assert done.returncode == 1 and "HTTP 500: out of order" in done.stderr, done.stderr
    assert len(asked) == 1 and done.stdout == ""
    nowhere = writ("eval", case_file(talk(1, must=["x"])), "--url", url)
    assert nowhere.returncode == 1 and "127.0.0.1" in nowhere.stderr, nowhere.stderr
