"""Writes golden.jsonl: inputs of the chat template with the text the product renders from them, a case a line.

    python golden.py            # write
    python golden.py --check    # compare only; exit 1 if the template or the corpus changed

It holds fast what the models were trained on: the product's tests render the inputs again and must get the same bytes.
A case is {"name", "messages", "tools", "add_generation_prompt", "text"}.
"""
import argparse
import sys
from pathlib import Path

MODELS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(MODELS), str(MODELS / "tools-adapter")]

import builtin  # noqa: E402
import corpus  # noqa: E402
from training import chat  # noqa: E402

FILE = Path(__file__).resolve().parent / "golden.jsonl"

ODD = [{"type": "function", "function": {
    "name": "odd", "description": "quotes \" and <tags> & 'x' \\ back\n\ttab é 日本 \x01 \x7f 😀 </script>",
    "parameters": {"type": "object", "required": ["a", "c", "type", "items"], "properties": {
        "a": {"type": "string", "description": "a described scalar is still its type", "maxLength": 9},
        "b": {"type": "string", "enum": ["x", "y<z", 1, None, True, 2.5]},
        "c": {"type": "array", "items": {"type": "integer"}, "minItems": 1},
        "d": {"type": "object", "properties": {"e": {"type": "number"}, "f": {"enum": ["q"]}}, "required": ["e"],
              "additionalProperties": False},
        "g": {"anyOf": [{"type": "string"}, {"type": "null"}]}, "h": {"type": ["string", "null"]}, "i": {},
        "items": {"type": "boolean"}, "type": {"type": "integer"}, "keys é": {"type": "null"}, "length": {"type": "string"}}}}},
    {"type": "function", "function": {"name": "no_properties", "description": "", "parameters": {"type": "object", "properties": {}}}},
    {"type": "function", "function": {"name": "no_schema", "description": "d", "parameters": {}}}]
ARGUMENTS = '{"a":"<q>\\"é","c":[1,2],"d":{"e":1.5,"f":null},"z":{}}'


def called(*arguments, content=None):
    return {"role": "assistant", "content": content, "tool_calls": [
        {"id": f"call_{i}", "type": "function", "function": {"name": "odd", "arguments": text}} for i, text in enumerate(arguments)]}


def result(text, number=0):
    return {"role": "tool", "content": text, "tool_call_id": f"call_{number}"}


def cases():
    """-> (name, messages, tools, add_generation_prompt)"""
    system, user = {"role": "system", "content": "S"}, {"role": "user", "content": "hi <b> 'x' {{ x }} {% y %} é\n\n two  "}
    yield "default_capsule", [{"role": "system", "content": builtin.SYSTEM},
                              {"role": "user", "content": "What is 17% of 2340?"}], builtin.TOOLS, True
    yield "odd_schemas", [user], ODD, True
    yield "no_tools", [user], [], True
    yield "no_system_message", [user, {"role": "assistant", "content": "ok"}], [], False
    yield "later_system_message", [user, {"role": "assistant", "content": "ok"}, {"role": "system", "content": "later"}, user], [], True
    yield "call_and_result", [system, user, called(ARGUMENTS), result("{}")], ODD, True
    yield "two_calls_at_once", [user, called(ARGUMENTS, "{}"), result("r1"), result("r2", 1), {"role": "assistant", "content": "ok"}, user], ODD, True
    yield "text_and_call", [user, called(ARGUMENTS, content="Let me see.")], ODD, False
    yield "text_parts", [{"role": "system", "content": [{"type": "text", "text": "A"}, {"type": "text", "text": "B"}]},
                         {"role": "user", "content": [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]}], ODD, True
    yield "empty_message", [{"role": "user", "content": ""}], [], True
    for seed in range(12):
        group = corpus.group(seed, seed % 2 == 1, 3)
        messages = [{"role": "system", "content": group["system"]}]
        for message in group["conversations"][0]:
            messages.append({k: v for k, v in message.items() if k in chat.FIELDS})
            if message["role"] == "tool":
                messages[-1]["tool_call_id"] = "call_0"
        yield f"corpus_{seed}", messages, group["tools"], False


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--check", action="store_true")
    a = ap.parse_args()
    text = "".join(chat.dumps({"name": name, "messages": messages, "tools": tools, "add_generation_prompt": prompt,
                               "text": chat.render(messages, tools, prompt)}) + "\n" for name, messages, tools, prompt in cases())
    if a.check:
        sys.exit(0 if FILE.exists() and FILE.read_text(encoding="utf-8") == text else f"{FILE.name} is not what the template gives now")
    FILE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
