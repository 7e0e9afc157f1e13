"""Renders conversations through the product's own chat template, so that training and serving cannot differ."""
import json
from functools import lru_cache
from pathlib import Path

import jinja2

TEMPLATE_FILE = Path(__file__).resolve().parent.parent / "templates" / "writ-tools.jinja"


def dumps(value):
    """Compact JSON: no white space, keys in the order given, text as UTF-8. The template's `compact` gives the same."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


@lru_cache
def template():
    environment = jinja2.Environment(undefined=jinja2.ChainableUndefined)
    environment.filters["tojson"] = dumps            # Jinja's own would escape < > & ' for HTML; llama.cpp's does not
    return environment.from_string(TEMPLATE_FILE.read_text(encoding="utf-8"))


def render(messages, tools=None, prompt=False):
    """The text of a conversation; with prompt, up to where the assistant speaks next."""
    return template().render(messages=messages, tools=tools or None, add_generation_prompt=prompt)


def tool_calls(*calls):
    """(name, arguments) pairs in OpenAI's shape."""
    return [{"id": f"call_{i}", "type": "function", "function": {"name": name, "arguments": dumps(arguments)}}
            for i, (name, arguments) in enumerate(calls)]


def pieces(system, tools, messages):
    """-> (prefix, [(text, is_target)]): the system block that many conversations share, and one conversation cut
    where the assistant speaks. A target ends with <|im_end|>, as the model has to end it.

    Each cut is found by rendering the template twice, with and without the message, never by a second renderer.
    """
    head = [{"role": "system", "content": system}]
    done = prefix = render(head, tools)
    cut = []
    for i, message in enumerate(messages):
        if message["role"] != "assistant":
            continue
        asked = render(head + messages[:i], tools, prompt=True)
        said = render(head + messages[:i + 1], tools)
        if not (asked.startswith(done) and said.startswith(asked) and said.endswith("<|im_end|>\n")):
            raise ValueError("the template changes earlier text when a message is added")
        cut += [(asked[len(done):], False), (said[len(asked):-1], True), ("\n", False)]
        done = said
    return prefix, cut
