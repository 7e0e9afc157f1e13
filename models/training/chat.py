"""Renders conversations by the product itself (`writ model render`), so that training and serving cannot differ."""
import atexit
import json
import os
import subprocess
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIELDS = ("role", "content", "tool_calls", "tool_call_id")     # of a message; the corpus notes more in its own


def dumps(value):
    """Compact JSON: no white space, keys in the order given, text as UTF-8. The template's `compact` gives the same."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


class Renderer:
    """A running `writ model render`: a question a line, an answer a line."""

    def __init__(self, binary):
        self.process = subprocess.Popen([binary, "model", "render", "--tokens"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")
        atexit.register(self.process.stdin.close)

    def ask(self, request):
        print(dumps(request), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"`writ model render` ended with {self.process.wait()}")
        answer = json.loads(line)
        if "error" in answer:
            raise ValueError(f"{answer['error']['message']}: {answer['error']['problems']}")
        return answer


@lru_cache
def renderer():
    """The product's renderer. MODELS_BINARY names the binary, if it is not the release build of this tree."""
    return Renderer(os.environ.get("MODELS_BINARY") or str(ROOT / "build" / "release" / "bin" / "writ"))


def rendered(messages, tools=None, prompt=False):
    """-> {"text", "tokens"} of a conversation; with prompt, up to where the assistant speaks next."""
    plain = [{k: v for k, v in m.items() if k in FIELDS} for m in messages]
    return renderer().ask({"messages": plain, "tools": tools or [], "add_generation_prompt": prompt})


def render(messages, tools=None, prompt=False):
    """The text alone."""
    return rendered(messages, tools, prompt)["text"]


def served(system, tools, messages):
    """The tokens that the product decodes for a whole conversation."""
    return rendered([{"role": "system", "content": system}] + messages, tools)["tokens"]


def tool_calls(*calls):
    """(name, arguments) pairs in OpenAI's shape."""
    return [{"id": f"call_{i}", "type": "function", "function": {"name": name, "arguments": dumps(arguments)}}
            for i, (name, arguments) in enumerate(calls)]


def pieces(system, tools, messages):
    """-> (prefix, [(text, is_target)]): the system block that many conversations share, and one conversation cut
    where the assistant speaks. A target ends with <|im_end|>, as the model has to end it. A message with "context" is
    none: it was said earlier, under other circumstances.

    Each cut is found by rendering the conversation with and without the message.
    """
    head = [{"role": "system", "content": system}]
    done = prefix = render(head, tools)
    cut = []
    for i, message in enumerate(messages):
        if message["role"] != "assistant" or message.get("context"):
            continue
        asked = render(head + messages[:i], tools, prompt=True)
        said = render(head + messages[:i + 1], tools)
        if not (asked.startswith(done) and said.startswith(asked) and said.endswith("<|im_end|>\n")):
            raise ValueError("the template changes earlier text when a message is added")
        cut += [(asked[len(done):], False), (said[len(asked):-1], True), ("\n", False)]
        done = said
    return prefix, cut
