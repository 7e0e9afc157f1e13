"""Deterministic generator of synthetic conversations with tools.

    python corpus.py --count 3                      # look at some groups
    python corpus.py --count 500 --statistics       # what is in them

A group is one system prompt with its tools and several conversations that share it. The same seed always gives the
same group. checking: a group for validation, of tools, wordings and values of which training never sees at least one.
"""
import argparse
import json
import random
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import bank  # noqa: E402
import builtin  # noqa: E402
import talk  # noqa: E402
from bank import Disguise, Task  # noqa: E402
from builtin import Builtin  # noqa: E402
from others import Others  # noqa: E402
from speech import Speech  # noqa: E402
from training import chat  # noqa: E402
from values import Values  # noqa: E402

BUILTIN_SHARE = 0.28            # groups with the default capsule's prompt and tools
OTHERS_SIZE = 3                 # groups of other tools are so many times smaller: more tools for the same work
TURNS = [1, 1, 1, 1, 2, 2, 3]   # user turns of a conversation, drawn evenly
BANK = bank.load()
BUILTIN_NAMES = {t["function"]["name"] for t in builtin.TOOLS}
JOINTS = [" and ", " and ", ", and also ", ". Also, ", "; ", " and then ", ", plus ", "? And "]
JOINTS_HELD = [" as well as: ", ". And another thing: ", ", and while you are at it, "]


@dataclass
class Offer:
    """A tool on offer with a maker of tasks for it. topic: what may not be offered beside it, or asked of others."""
    tool: dict
    make: object
    topic: str

    @property
    def name(self):
        return self.tool["function"]["name"]


TOPICS = """weather forecast|translate translation|search find lookup query|calendar event meeting schedule|email mail|message sms text notify chat
|note remember memory save store|recall|calculate calculator compute math|clock time timezone|remind reminder timer alarm|convert conversion currency exchange
|file read open|music song play|flight|hotel|restaurant table|taxi ride|stock price|order purchase buy cart|issue ticket|task todo""".replace("\n", "").split("|")


def topics(tool):
    """What the tool is about, by words of its name and description."""
    function = tool["function"]
    text = (function["name"] + " " + function["description"]).lower()
    return {line.split()[0] for line in TOPICS if any(word in text for word in line.split())}


class Generator:
    def __init__(self, seed, checking):
        self.r = random.Random(f"{'check' if checking else 'train'}:{seed}")
        self.checking, self.draw = checking, Values(self.r, .5 if checking else 0)
        self.speech = Speech(self.draw)
        self.builtin, self.others = Builtin(self.draw, self.speech), Others(self.draw, self.speech)
        self.talk = talk.Talk(self.draw, self.speech)

    # offers ---------------------------------------------------------------------------------------------------------

    def offer_builtin(self):
        return [Offer(t, getattr(self.builtin, t["function"]["name"]), t["function"]["name"]) for t in builtin.TOOLS]

    def offer_bank(self):
        mine = [t for t in BANK if t.held == (self.checking and self.r.random() < .7)]
        tool = self.r.choice(mine or BANK)
        disguise = Disguise(tool.entry, self.draw if self.r.random() < (.2 if self.checking else .6) else None)
        return Offer(disguise.tool(), lambda: tool.task(self.draw, self.checking, disguise), tool.entry["name"])

    def offer_other(self):
        kind = self.r.choice(self.others.KINDS + ["generic"] * 6)
        tool, make = getattr(self.others, kind)()
        return Offer(tool, make, kind if kind != "generic" else tool["function"]["name"])

    def toolbox(self):
        """Tools of all kinds in any order, no two about the same."""
        r, box = self.r, []
        count = r.choice([1, 1, 2, 3, 3, 4, 5, 5, 6, 7, 8, 10, 12])
        if r.random() < .25:
            box = r.sample(self.offer_builtin(), r.choice([1, 2, 3, 4]))
        for _ in range(3 * count):
            if len(box) >= max(count, 1):
                break
            new = self.offer_bank() if r.random() < .75 else self.offer_other()
            if all(new.topic != o.topic and new.name != o.name and not topics(new.tool) & topics(o.tool) for o in box):
                box.append(new)
        r.shuffle(box)
        return box

    # turns: each gives messages; assistant messages carry "kind" and "must" for the validation ------------------------

    def turn(self, task, kind=""):
        """The messages of a task; once in a while a call fails or is denied, and that is told."""
        r, k = self.r, self.r.random()
        steps, answer, must = [list(s) for s in task.steps], task.answer, task.must
        if k < .14:
            at = r.randrange(len(steps))
            steps = steps[:at + 1]
            if len(steps[at]) == 1:
                name, arguments, _ = steps[at][0]
                error, answer, must = self.talk.failure(denied=k < .07)
                steps[at][0] = name, arguments, error
                kind = "_denied" if k < .07 else "_error"
        out = [{"role": "user", "content": task.request}]
        for i, step in enumerate(steps):
            label = "parallel" if len(step) > 1 else f"call{i + 1 if i else ''}"
            out.append({"role": "assistant", "kind": label, "content": "", "tool_calls": chat.tool_calls(*[(n, a) for n, a, _ in step])})
            out += [{"role": "tool", "content": self.given(name, result)} for name, _, result in step]
        many = sum(map(len, steps)) > 1
        return out + [{"role": "assistant", "kind": "answer" + (kind or "_several" * many), "content": answer, "must": must}]

    def given(self, name, result):
        """A tool's result as text: compact JSON from the product's own tools; others also send other JSON or plain lines."""
        k = self.r.random()
        flat = isinstance(result, dict) and not any(isinstance(v, (dict, list)) for v in result.values())
        if name in BUILTIN_NAMES or k < .75 or (flat and "error" in result):
            return chat.dumps(result)
        if k < .88 or not flat:
            return json.dumps(result, ensure_ascii=False, indent=self.r.choice([None, None, 2]))
        return "\n".join(f"{k}: {v}" for k, v in result.items())

    def together(self, *tasks):
        """Several tasks in one request that do not need each other: all calls in one message."""
        request, last = tasks[0].request.rstrip("?.!"), tasks[-1]
        for task in tasks[1:]:
            joint = "; " if len(tasks) > 2 and task is not last else self.r.choice(JOINTS_HELD if self.checking else JOINTS)
            following = task.request
            if not joint.rstrip().endswith((".", "?", ":")) and not following.startswith(("I ", "I'")) and following[:2] != following[:2].upper():
                following = following[0].lower() + following[1:]
            request += joint + (following if task is last else following.rstrip("?.!"))
        return Task(request, [[call for t in tasks for step in t.steps for call in step]], " ".join(t.answer for t in tasks),
                    [m for t in tasks for m in t.must])

    def say(self, request, answer, kind, must=None):
        return [{"role": "user", "content": request}, {"role": "assistant", "kind": kind, "content": answer, "must": must or [answer]}]

    def refuse(self, box):
        """A request for something that no tool on offer does."""
        r = self.r
        about = set().union(*(topics(o.tool) for o in box))
        if any(o.topic == "remember" for o in box):
            about |= {"note", "remind", "task", "calendar"}
        words = " ".join(json.dumps(o.tool["function"]).lower() for o in box)

        def fits(act):
            tool = {"function": {"name": act, "description": ""}}
            return topics(tool) & about or any(len(w) > 3 and w in words for w in act.split())
        if "search" not in about and r.random() < .75 and (found := self.talk.refusal(fits)):
            return self.say(*found, "refuse")
        for _ in range(20):
            new = self.offer_bank()
            if not topics(new.tool) & about and all(new.topic != o.topic for o in box) and new.topic not in ("calculator", "time"):
                return self.say(new.make().request, self.talk.no_tool(), "refuse")
        return self.say(*self.talk.small([o.name for o in box], "Writ"), "chat")

    # conversations ----------------------------------------------------------------------------------------------------

    def served(self, box, dependent, previous):
        """The messages of a request that tools on offer serve."""
        k = self.r.random()
        if previous and self.r.random() < .6 and (task := self.builtin.intents.followup(*previous)):
            return self.turn(task)
        if dependent and k < .34:
            return self.turn(self.builtin.several())
        if k > .93 and len(box) > 1:
            offers = self.r.sample(box, self.r.choice([2, 2, 2, 3]) if len(box) > 2 else 2)
            tasks = [o.make() for o in offers]
            if all(len(t.steps) == 1 for t in tasks):
                return self.turn(self.together(*tasks))
        if k > .9:
            offer = self.r.choice(box)
            tasks = [offer.make(), offer.make()]
            if tasks[0].steps != tasks[1].steps and all(len(t.steps) == 1 for t in tasks):
                return self.turn(self.together(*tasks))
        return self.turn(self.r.choice(box).make())

    @staticmethod
    def last_call(messages, forget):
        """What a follow-up goes on from: the only call of the last turn, and what is left to see of it."""
        said = [m for m in messages if m["role"] == "assistant"]
        if len(said) < 2 or messages[-3]["role"] != "assistant" or len(messages[-3].get("tool_calls", [])) != 1 or messages[-4]["role"] != "user":
            return None
        call = messages[-3]["tool_calls"][0]["function"]
        if call["name"] not in BUILTIN_NAMES:       # nothing is known of how to go on, and its result may be no JSON
            return None
        result = json.loads(messages[-2]["content"])
        return (call["name"], json.loads(call["arguments"]), result), (messages[-1]["content"] if forget else None)

    def conversation(self, box, me):
        r, out, dependent = self.r, [], {"calculator", "remember", "recall", "clock"} <= {o.name for o in box}
        forget = r.random() < .3                 # the product's sessions keep of an earlier turn only request and answer
        for _ in range(r.choice(TURNS)):
            k = r.random()
            if box and k < .7:
                turn = self.served(box, dependent, dependent and self.last_call(out, forget))
            elif box and k < .82:
                turn = self.refuse(box)
            else:
                turn = self.say(*self.talk.any([o.name for o in box], me), "chat")
            if forget and out:
                out = [m for m in out if m["role"] == "user" or (m["role"] == "assistant" and not m.get("tool_calls"))]
                out = [m | ({"context": True} if m["role"] == "assistant" else {}) for m in out]
            out += turn
        return out

    def group(self, size):
        r = self.r
        if r.random() < BUILTIN_SHARE:
            share, system, box, me = 1, builtin.SYSTEM, self.offer_builtin(), "Writ"
        else:
            share, me = OTHERS_SIZE, r.choice(["Writ", "Writ", self.draw.person()])
            system = self.talk.system(me)
            box = self.toolbox() if r.random() < .92 else []
        return {"system": system, "tools": [o.tool for o in box],
                "conversations": [self.conversation(box, me) for _ in range(max(1, size // share))]}


def group(seed, checking=False, size=12):
    """-> {"system", "tools", "conversations": [messages, …]}; messages do not include the system prompt.
    size: conversations, if the group has the built-in tools."""
    return Generator(seed, checking).group(size)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--checking", action="store_true")
    ap.add_argument("--first", type=int, default=0, help="number of the first group")
    ap.add_argument("--count", type=int, default=3, help="groups")
    ap.add_argument("--size", type=int, default=4, help="conversations in a group")
    ap.add_argument("--statistics", action="store_true", help="count kinds of assistant messages instead of printing")
    a = ap.parse_args()
    kinds, texts = Counter(), 0
    for seed in range(a.first, a.first + a.count):
        g = group(seed, a.checking, a.size)
        for i, messages in enumerate(g["conversations"]):
            texts += 1
            kinds.update(m["kind"] for m in messages if m["role"] == "assistant" and not m.get("context"))
            if not a.statistics:
                prefix, cut = chat.pieces(g["system"], g["tools"], messages)
                print((prefix if not i else "") + "".join(text for text, _ in cut) + "-" * 60)
    if a.statistics:
        print(f"{texts} conversations;", ", ".join(f"{k}: {n}" for k, n in kinds.most_common()))


if __name__ == "__main__":
    main()
