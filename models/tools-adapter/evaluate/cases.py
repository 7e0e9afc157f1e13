"""Makes the evaluation's cases (JSON lines for `writ model eval`) from held-out sources that training never reads.

    python cases.py OUT_FOLDER                  # a file per split
    python cases.py OUT_FOLDER --share 0.2      # a fifth of each split, spread evenly

Tools, requests and chains are written by hand in heldout/; values are drawn from those that training never sees. Tools
whose names also occur in the training banks are left out, and so are requests that training has word for word but for
their values. Where more cases than wordings are wanted, a wording comes
again with other numbers or beside other tools, so cases of one wording are not independent.
"""
import argparse
import json
import random
import re
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(FOLDER), str(FOLDER.parent)]

import bank  # noqa: E402
import builtin  # noqa: E402
import taught  # noqa: E402
from arithmetic import evaluate  # noqa: E402
from bank import BankTool, Disguise  # noqa: E402
from intents import Scene  # noqa: E402
from training import chat  # noqa: E402
from values import Said, Values  # noqa: E402

SEED = 20_000_000                               # training counts up from 0, validation from 10,000,000
HELD = {f.stem: taught.without(json.loads(f.read_text(encoding="utf-8"))) for f in sorted((FOLDER / "heldout").glob("*.json"))}
SYSTEM = {"role": "system", "content": builtin.SYSTEM}
DECLINES = ["can't", "cannot", "can not", "no tool", "unable", "not able", "don't have", "do not have", "none of my tools", "not possible", "no way to"]


def generator(*parts):
    return random.Random(":".join(map(str, (SEED, *parts))))


def draw(*parts):
    return Values(generator(*parts), unseen=1.0)


def user(text):
    return {"role": "user", "content": text}


def keys(*names):
    """A memory's key in the spellings that mean the same: a_b, a b, and a's b for as_b."""
    out = []
    for name in names:
        spaced = name.replace("_", " ")
        out += [name, spaced, re.sub(r"s (?=\w)", "'s ", spaced, count=1), re.sub(r"(?<=\w) ", "'s ", spaced, count=1)]
    return list(dict.fromkeys(out))


def call(name, arguments, other_keys=()):
    """A call step's call, with other arguments that are as good."""
    made = {"name": name, "arguments": arguments}
    if name == "calculator":
        made["by_value"] = True
    if "key" in arguments and name in ("remember", "recall"):
        made["same"] = [arguments | {"key": k} for k in keys(arguments["key"], *other_keys)[1:]]
    if name == "clock" and arguments.get("timezone") in (None, "UTC"):
        made["arguments"], made["same"] = {}, [{"timezone": z} for z in ("UTC", "Etc/UTC")]
    return made


def builtin_calls():
    """Single calls of the built-in tools with the default capsule's prompt."""
    for part, count in (("calculator", 120), ("clock", 60), ("remember", 60), ("recall", 60)):
        for i in range(count):
            entry = HELD["builtin"][part][i % len(HELD["builtin"][part])]
            scene = Scene(draw(part, i), entry)
            request = scene.text(entry["say"])
            if part == "calculator":
                wanted = call(part, {"expression": scene.text(entry["expression"], plain=True)})
            elif part == "clock":
                wanted = call(part, {"timezone": entry["timezone"]})
            else:
                wanted = call(part, {k: entry[k] for k in ("key", "value") if k in entry}, entry["keys"])
            yield {"messages": [SYSTEM, user(request)], "tools": builtin.TOOLS, "steps": [{"calls": [wanted]}]}


def renumbered(entry, rng):
    """An entry of calls with other numbers: those that were said and those that are recalled; results follow."""
    said = re.findall(r"(?<![\w.:-])\d+(?![\w.:-]|%\w)", entry["say"])
    recalled = [c["result"]["value"] for c in entry["calls"] if re.fullmatch(r"\d+", str(c["result"].get("value", "")))]
    arguments = json.dumps([c["arguments"] for c in entry["calls"]])
    changed = {n: str(rng.randint(max(2, 10 ** (len(n) - 1)), 10 ** len(n) - 1)) for n in dict.fromkeys(said + recalled) if re.search(rf"(?<!\d){n}(?!\d)", arguments)
               and not (len(n) == 4 and n[:2] in ("19", "20"))}
    if not changed:
        return None

    def other(text):
        return re.sub(r"(?<![\d.])\d+(?![\d.]*\d)", lambda m: changed.get(m[0], m[0]), text)
    out = {"say": other(entry["say"]), "calls": [], "must": []}
    for made in entry["calls"]:
        arguments, result = json.loads(other(json.dumps(made["arguments"]))), json.loads(other(json.dumps(made["result"])))
        if made["name"] == "calculator":
            result = {"result": evaluate(arguments["expression"])}
            if len(result["result"]) > 8:
                return None
            changed[made["result"]["result"]] = result["result"]
        out["calls"].append(made | {"arguments": arguments, "result": result})
    out["must"] = [other(m) for m in entry["must"]]
    return out


def varied(part, times):
    """The entries of a part, each with some sets of numbers; an entry without numbers to change comes once."""
    for i, entry in enumerate(HELD["builtin"][part]):
        yield entry
        rng, made = generator(part, i), 1
        for _ in range(60):
            if made < times and (new := renumbered(entry, rng)):
                made += 1
                yield new


def called(made):
    return call(made["name"], made["arguments"], made.get("keys", ()))


def result_text(made):
    return chat.dumps(made["result"])


def chains():
    """Two calls, the second with what the first gave, and the answer."""
    for entry in varied("chains", 6):
        steps = [{"calls": [called(c)], "results": [result_text(c)]} for c in entry["calls"]]
        yield {"messages": [SYSTEM, user(entry["say"])], "tools": builtin.TOOLS, "steps": steps + [{"answer": {"must": entry["must"]}}]}


def parallel():
    """Two calls in one message, and the answer."""
    for entry in varied("parallel", 4):
        step = {"calls": [called(c) for c in entry["calls"]], "results": [result_text(c) for c in entry["calls"]]}
        yield {"messages": [SYSTEM, user(entry["say"])], "tools": builtin.TOOLS, "steps": [step, {"answer": {"must": entry["must"]}}]}


def unseen_box(tools, index, rng):
    """The tool among 0 to 11 others, in any order."""
    others = rng.sample([t for t in tools if t is not tools[index]], rng.choice([0, 1, 2, 3, 4, 4, 5, 6, 8, 11]))
    box = others + [tools[index]]
    rng.shuffle(box)
    return [Disguise(t.entry).tool() for t in box]


def unseen():
    seen = {t.entry["name"] for t in bank.load()}
    return [BankTool(e, i) for i, e in enumerate(HELD["tools"]) if e["name"] not in seen]


def unseen_tools():
    """Single calls of tools that training never saw."""
    tools = unseen()
    for i, tool in enumerate(tools):
        rng = generator("unseen", i)
        box, system = unseen_box(tools, i, rng), rng.choice([[SYSTEM], [], [{"role": "system", "content": "You are a helpful assistant."}]])
        for n in range(10):
            task = tool.task(draw("unseen", i, n), False, said=n % len(tool.requests))
            (name, arguments, _), = task.steps[0]
            yield {"messages": system + [user(task.request)], "tools": box, "steps": [{"calls": [call(name, arguments)]}]}


def after(request, name, arguments, result):
    """A conversation up to a tool's result."""
    return [user(request), {"role": "assistant", "content": "", "tool_calls": chat.tool_calls((name, arguments))},
            {"role": "tool", "tool_call_id": "call_0", "content": result}]


def answers():
    """Answers that carry a tool's result, after the right call: of unseen tools and of the built-in ones."""
    tools = unseen()
    for i, tool in enumerate(tools):
        rng = generator("answers", i)
        box = unseen_box(tools, i, rng)
        for n in range(6):
            task = tool.task(draw("answers", i, n), False, said=n % len(tool.requests))
            (name, arguments, result), = task.steps[0]
            yield {"messages": [SYSTEM] + after(task.request, name, arguments, chat.dumps(result)), "tools": box, "steps": [{"answer": {"must": task.must}}]}
    for part in ("calculator", "recall"):
        for i in range(50):
            entry = HELD["builtin"][part][i]
            scene = Scene(d := draw("answers", part, i), entry)
            request = scene.text(entry["say"])
            if part == "calculator":
                arguments = {"expression": scene.text(entry["expression"], plain=True)}
                result = {"result": evaluate(arguments["expression"])}
                must = result["result"]
            else:
                arguments = {"key": entry["key"].replace("_", " ")}
                must = d.rng.choice([d.person, d.city, d.code, d.number])()
                result = {"found": True, "key": arguments["key"], "value": must}
            yield {"messages": [SYSTEM] + after(request, part, arguments, chat.dumps(result)), "tools": builtin.TOOLS, "steps": [{"answer": {"must": [must]}}]}


def failures():
    """Denials and errors that have to be told, after the right call."""
    tools = {e["name"]: e for e in HELD["tools"]}
    for part, code in (("denied", "denied"), ("errors", "tool_error")):
        for i, entry in enumerate(HELD["talk"][part]):
            name, arguments = entry["call"]["name"], entry["call"]["arguments"]
            others = [Disguise(e).tool() for e in generator(part, i).sample(HELD["tools"], 3) if e["name"] != name]
            box = builtin.TOOLS if name not in tools else others + [Disguise(tools[name]).tool()]
            failed = chat.dumps({"error": code, "message": entry["message"]})
            yield {"messages": [SYSTEM] + after(entry["say"], name.replace(".", "_"), arguments, failed), "tools": box, "steps": [{"answer": {"must": entry["must"]}}]}


def boxes(i):
    """The built-in tools as the default capsule has them, in another order without a system message, and three of them.
    Some dozens of cases have the same, one after the other: a server that keeps prefixes is asked less."""
    rng = generator("boxes", i // 37)
    return [([SYSTEM], builtin.TOOLS), ([], rng.sample(builtin.TOOLS, 4)), ([SYSTEM], rng.sample(builtin.TOOLS, 3))]


def no_tool_fits():
    """Requests that none of the built-in tools serves: no call, and it is said."""
    for k in range(3):
        for i, entry in enumerate(HELD["talk"]["no_tool_fits"]):
            system, box = boxes(i)[k]
            yield {"messages": system + [user(entry["say"])], "tools": box, "steps": [{"answer": {"any": DECLINES}}]}


def no_tool_needed():
    """Talk and knowledge: no call, and no excuse that a tool is missing."""
    for k in range(3):
        for i, entry in enumerate(HELD["talk"]["no_tool_needed"]):
            system, box = boxes(i)[k]
            answer = {"any": entry["any"]} if entry["any"] else {"must_not": ["no tool", "tool for that"]}
            yield {"messages": system + [user(entry["say"])], "tools": box, "steps": [{"answer": answer}]}


def chat_facts():
    """General chat, judged by exact facts, without tools: for the base model and for ours."""
    for entry in HELD["talk"]["chat_facts"]:
        yield {"messages": [user(entry["say"])], "steps": [{"answer": {"any": entry["any"]}}]}


def readme(other_numbers=False):
    """The README's examples in twenty paraphrases each, with the answer. Not held out: they have to work."""
    for k, example in enumerate(json.loads((Path(__file__).parent / "readme.json").read_text(encoding="utf-8"))):
        known = {} if other_numbers else {name: Said(value, str(value)) for name, value in example["numbers"].items()}
        for i, said in enumerate(example["say"]):
            scene = Scene(draw("readme", k, i), example, known)
            request, expression = scene.text(said), scene.text(example["expression"], plain=True)
            result = evaluate(expression)
            steps = [{"calls": [call("calculator", {"expression": expression})], "results": [chat.dumps({"result": result})]}]
            yield {"messages": [SYSTEM, user(request)], "tools": builtin.TOOLS, "steps": steps + [{"answer": {"must": [result]}}]}


def readme_numbers():
    """The same with other numbers."""
    return readme(other_numbers=True)


SPLITS = {"readme": readme, "readme_numbers": readme_numbers, "builtin": builtin_calls, "unseen_tools": unseen_tools, "chains": chains, "answers": answers,
          "no_tool_fits": no_tool_fits, "no_tool_needed": no_tool_needed, "parallel": parallel, "failures": failures, "chat_facts": chat_facts}



def cases(split):
    return [{"id": f"{split}/{i:06}", "split": split, **case} for i, case in enumerate(SPLITS[split]())]


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("folder", type=Path)
    ap.add_argument("--share", type=float, default=1.0)
    a = ap.parse_args()
    a.folder.mkdir(parents=True, exist_ok=True)
    for split in SPLITS:
        made = cases(split)
        kept = [c for i, c in enumerate(made) if int((i + 1) * a.share) > int(i * a.share)]
        (a.folder / f"{split}.jsonl").write_text("".join(chat.dumps(c) + "\n" for c in kept), encoding="utf-8")
        print(f"{split}: {len(kept)} of {len(made)} cases, {len({c['messages'][-1]['content'] if c['messages'][-1]['role'] == 'user' else c['id'] for c in made})} requests")


if __name__ == "__main__":
    main()
