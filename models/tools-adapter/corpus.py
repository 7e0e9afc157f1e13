"""Deterministic generator of synthetic conversations with tools.

    python corpus.py --split train --count 3        # look at some
    python corpus.py --count 500 --statistics       # what is in them

A group is one system prompt with its tools and several conversations that share it. Splits: "train"; "values" (values
never seen in training), "phrasings" (sentence patterns never seen), "tools" (tool and parameter names never seen).
The same split and seed always give the same group.
"""
import argparse
import random
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import builtin  # noqa: E402
import phrases  # noqa: E402
from builtin import Builtin, Task  # noqa: E402
from others import Others  # noqa: E402
from training import chat  # noqa: E402
from values import SKIES, Values  # noqa: E402

SPLITS = ("train", "values", "phrasings", "tools")
BUILTIN_SHARE = 0.45            # groups with the default capsule's prompt and tools; the rest have other tools
OTHERS_SIZE = 3                 # groups of other tools are so many times smaller: more tools for the same work
TURNS = [1, 1, 1, 1, 2, 2, 3]   # user turns of a conversation, drawn evenly


class Generator:
    def __init__(self, seed, split):
        self.r = random.Random(f"{split}:{seed}")
        self.split = split
        self.draw = Values(self.r, split)
        self.builtin, self.others = Builtin(self.draw, self.phrase), Others(self.draw, self.phrase)

    def phrase(self, intent, **slots):
        """A request: one of the intent's patterns of this split, framed, with the case and marks people use."""
        r, patterns = self.r, phrases.PATTERNS[intent]
        held = self.split == "phrasings"
        pattern = r.choice([p for i, p in enumerate(patterns) if (i % 5 == 4) == held] or patterns)
        imperative, text = pattern.startswith("!"), pattern.lstrip("!").format(**slots)
        if imperative:
            text = r.choice(phrases.FRAMES + phrases.FRAMES_HELD * held).format(text)
        elif intent not in phrases.REPLIES:
            text = r.choice(phrases.LEADS + phrases.LEADS_HELD * held) + text
        k = r.random()
        if k < .6:
            text = text[0].upper() + text[1:]
        if .55 < k < .68 and text[-1] in "?.":
            text = text[:-1]
        elif k > .9 and text[-1] not in "?.!":
            text += r.choice([".", "!"])
        return text

    # turns: each gives messages; assistant messages carry "kind" and "must" for the validation ------------------------

    def turn(self, task, kind=""):
        """The messages of a task; once in a while its last call fails or is denied."""
        r, k = self.r, self.r.random()
        calls, answer, must = list(task.calls), task.answer, task.must
        if k < .14:
            name, arguments, _ = calls[-1]
            denied = k < .07
            code, message = ("denied", r.choice(phrases.DENIALS)) if denied else r.choice(phrases.ERRORS).split(" ", 1)
            message = message if r.random() < .5 else message[0].upper() + message[1:] + "."
            calls[-1] = name, arguments, {"error": code, "message": message}
            answer = ("I was not allowed to do that: " if denied else "That did not work: ") + message.rstrip(".") + "."
            must, kind = [message.rstrip(".")], "_denied" if denied else "_error"
        out = [{"role": "user", "content": task.request}]
        for i, (name, arguments, result) in enumerate(calls):
            out += [{"role": "assistant", "kind": f"call{i + 1 if i else ''}", "content": "", "tool_calls": chat.tool_calls((name, arguments))},
                    {"role": "tool", "content": chat.dumps(result)}]
        return out + [{"role": "assistant", "kind": "answer" + (kind or "_chain" * (len(calls) > 1)), "content": answer, "must": must}]

    def two(self, first, second):
        """Two tasks in one request, one call after the other."""
        joint = self.r.choice([" and ", " and then ", ", then ", ". Also, ", " and after that "])
        second_request = second.request
        if joint != ". Also, " and not second_request.startswith("I "):
            second_request = second_request[0].lower() + second_request[1:]
        return Task(first.request.rstrip("?.!") + joint + second_request, first.calls + second.calls,
                    first.answer + " " + second.answer, first.must + second.must)

    @staticmethod
    def say(request, answer, kind, must=None):
        return [{"role": "user", "content": request}, {"role": "assistant", "kind": kind, "content": answer, "must": must or [answer]}]

    def chat(self, me, names):
        r = self.r
        k = r.choice(["hello", "thanks", "bye", "howare", "who", "cando", "feel", "tell", "tell", "tell_name", "know", "know", "open", "open"])
        name = self.draw.name()
        if k == "know":
            if r.random() < .5:
                country, _, city = self.draw.one(phrases.CAPITALS).partition(" ")
                country, city = ("New Delhi" in city and ("India", "New Delhi")) or (country, city)
                question, answer = f"what is the capital of {country}?", f"The capital of {country} is {city}."
            else:
                question, _, answer = self.draw.one(phrases.KNOWLEDGE).partition("=")
            return self.say(question if r.random() < .3 else question[0].upper() + question[1:], answer, "knowledge")
        if k == "open":
            request, _, answer = self.draw.one(phrases.OPEN).partition("=")
            request = request if request[-1] == "?" or r.random() < .5 else request + "."
            return self.say(request if r.random() < .3 else request[0].upper() + request[1:], answer, "open")
        if k == "tell":
            key, mine, yours = self.builtin._key()
            value = self.draw.fact(key)
            return self.say(self.phrase("tell", k=mine, v=value), f"I see, {yours} is {value}.", "chat", [value])
        if k == "cando":
            answer = f"I can use these tools: {', '.join(names)}." if names else "I have no tools here, but I can chat a little."
        else:
            answer = phrases.REPLIES[k].format(me=me, v=name)
        return self.say(self.phrase(k, v=name, w=r.choice(SKIES + ["tired", "happy", "sad", "great", "busy", "long", "good", "bad"])), answer, "chat")

    def refuse(self, kinds):
        r, draw = self.r, self.draw
        intent = r.choice([k for k in ("search", "weather", "read", "remind", "message", "email", "act", "act") if k not in kinds])
        slots = dict(q=draw.words(1, 2), c=draw.place(), f=draw.path(), t=draw.words(2, 3), n=draw.number(2), p=draw.name())
        return self.say(self.phrase(intent, **slots), phrases.NO_TOOL, "refuse")

    # conversations ----------------------------------------------------------------------------------------------------

    def conversation(self, make, names, kinds, me):
        """make(): a task for one of the tools offered, or None."""
        out = []
        for _ in range(self.r.choice(TURNS)):
            k = self.r.random()
            if make and k < .68:
                out += self.turn(make())
            elif make and k < .78:
                out += self.turn(self.two(make(), make()))
            elif k < .88:
                out += self.refuse(kinds)
            else:
                out += self.chat(me, names)
        return out

    def group(self, size):
        r = self.r
        if self.split != "tools" and r.random() < BUILTIN_SHARE:
            b, share = self.builtin, 1
            system, tools, kinds, me = builtin.SYSTEM, builtin.TOOLS, [], "Writ"

            def make():
                return b.dependent() if r.random() < .12 else b.any()
        else:
            share = OTHERS_SIZE
            me = r.choice(["Writ", "Writ", self.draw.name()])
            system = r.choice([f"You are {me}.", f"You are {me}, a helpful assistant.", f"Your name is {me}. Answer briefly.",
                               builtin.SYSTEM.replace("Writ", me)])
            box = self.others.toolbox(r.choice([0, 1, 2, 2, 3, 3, 4, 5, 6, 8]))
            tools, kinds = [t for t, _, _ in box], [k for _, _, k in box]
            if box and self.split != "tools" and r.random() < .3:
                extra = r.sample([(t, getattr(self.builtin, t["function"]["name"])) for t in builtin.TOOLS], r.choice([1, 2]))
                taken = [t["function"]["name"] for t in tools] + [{"calculator": "calculator", "time": "clock", "save": "remember",
                                                                  "recall": "recall"}.get(k) for k in kinds]
                extra = [(t, task, "") for t, task in extra if t["function"]["name"] not in taken]
                box, tools = box + extra, tools + [t for t, _, _ in extra]

            def make():
                return r.choice(box)[1]()
            make = make if box else None
        names = [t["function"]["name"] for t in tools]
        return {"system": system, "tools": tools,
                "conversations": [self.conversation(make, names, kinds, me) for _ in range(max(1, size // share))]}


def group(seed, split="train", size=12):
    """-> {"system", "tools", "conversations": [messages, …]}; messages do not include the system prompt.
    size: conversations, if the group has the built-in tools."""
    return Generator(seed, split).group(size)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--split", choices=SPLITS, default="train")
    ap.add_argument("--first", type=int, default=0, help="number of the first group")
    ap.add_argument("--count", type=int, default=3, help="groups")
    ap.add_argument("--size", type=int, default=4, help="conversations in a group")
    ap.add_argument("--statistics", action="store_true", help="count kinds of assistant messages instead of printing")
    a = ap.parse_args()
    kinds, texts = Counter(), 0
    for seed in range(a.first, a.first + a.count):
        g = group(seed, a.split, a.size)
        for i, messages in enumerate(g["conversations"]):
            texts += 1
            kinds.update(m["kind"] for m in messages if m["role"] == "assistant")
            if not a.statistics:
                prefix, cut = chat.pieces(g["system"], g["tools"], messages)
                print((prefix if not i else "") + "".join(text for text, _ in cut) + "-" * 60)
    if a.statistics:
        print(f"{texts} conversations;", ", ".join(f"{k}: {n}" for k, n in kinds.most_common()))


if __name__ == "__main__":
    main()
