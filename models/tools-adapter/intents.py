"""Tasks for the built-in tools in the words of the hand-written banks (bank/builtin*.json)."""
import json
import re
from datetime import datetime, timedelta

from arithmetic import evaluate
from bank import HELD_PHRASING, Task, sections
from values import DAYS, MONTHS, Said, in_words
from zones import COMMON, PLACES, ZONES

BANK = sections("builtin")
KEYS, ANSWERS = BANK["keys"], BANK["answers"]
SLOT = re.compile(r"\{([A-Za-z0-9_.]+)(?::(\w+))?\}")


def names(text):
    return [m[1] for m in SLOT.finditer(text)]


class Unfit(Exception):
    """This wording cannot be used with what was drawn."""


class Scene:
    """The values of one request, drawn when first asked for."""

    def __init__(self, draw, entry, known=None):
        self.draw, self.r, self.specs, self.values = draw, draw.rng, entry.get("slots", {}), dict(known or {})

    def fact(self, key, suffix=""):
        """Binds a saved fact: its key, how both sides speak of it, its value."""
        spec, v = KEYS[key], self.values
        if "who" in key:
            who = self.said("who")
            spec = {k: x.replace("{who}", who) if isinstance(x, str) else x for k, x in spec.items()}
            key = key.replace("{who}", who)
        value = self.draw.kind(spec["value"])
        text = spec.get("prefix", "") + value.text
        mine = spec["mine"] or key
        v |= {"key" + suffix: Said(key, key), "my" + suffix: Said(mine, mine), "yours" + suffix: Said(spec["yours"], spec["yours"])}
        v.setdefault("value" + suffix, Said(text, text))
        fact = spec["fact"].replace("{value}", v["value" + suffix].text)
        v |= {"fact" + suffix: Said(fact, fact), "Fact" + suffix: Said(fact, fact[0].upper() + fact[1:])}
        return v["value" + suffix].text

    def any_fact(self, suffix=""):
        taken = [self.values[k].text for k in ("key", "key2") if k in self.values]
        return self.fact(self.r.choice([k for k in KEYS if k not in taken]), suffix)

    def said(self, name):
        if name not in self.values:
            if re.fullmatch(r"(key|my|yours|value|fact|Fact)2?", name):
                self.any_fact("2" if name.endswith("2") else "")
            elif name.startswith("city"):
                taken = {ZONES[v.text] for k, v in self.values.items() if k.startswith("city")}
                place = self.draw.one([p for p in (COMMON if self.r.random() < .4 else PLACES) if ZONES[p] not in taken])
                self.values[name] = Said(place, place)
            else:
                spec = self.specs.get(name) or BANK["defaults"].get(name) or name
                self.values[name] = self.draw.kind(spec)
        return self.values[name].text

    def text(self, template, plain=False):
        """The template filled. plain: numbers as a call has them."""
        def one(match):
            name, form = match[1], match[2]
            text = self.said(name)
            value = self.values[name].value
            if form == "zone":
                return ZONES[text]
            if form == "words" and not plain:
                return in_words(int(value))
            if form == "commas" and not plain:
                return f"{int(value):,}"
            return text
        return SLOT.sub(one, template)


class Intents:
    """Makes tasks. draw: Values"""

    def __init__(self, draw, pick):
        self.draw, self.r, self.pick = draw, draw.rng, lambda entries: pick(entries, HELD_PHRASING)

    def _fitting(self, make):
        """make() until it gives a task with handy numbers; a few long ones stay."""
        for _ in range(40):
            try:
                task = make()
            except (Unfit, ZeroDivisionError, OverflowError):
                continue
            results = [r.get("result", "") for step in task.steps for _, _, r in step]
            if all(len(str(x)) <= 8 for x in results) or self.r.random() < .04:
                return task
        raise Unfit

    def _say(self, options):
        """One of some good answers, mostly one of the first: fewer forms are learnt better."""
        return self.r.choice(options[:4] if self.r.random() < .7 else options)

    def calculator(self):
        def make():
            entry = self.pick(BANK["calculator"])
            scene = Scene(self.draw, entry)
            request, expression = scene.text(entry["say"]), scene.text(entry["expression"], plain=True)
            result = evaluate(expression)
            answer = entry.get("answer") or self._say(ANSWERS["calculator"])
            scene.values |= {"result": Said(result, result), "expression": Said(expression, expression)}
            return Task(request, [[("calculator", {"expression": expression}, {"result": result})]], scene.text(answer), [result])
        return self._fitting(make)

    # clock ----------------------------------------------------------------------------------------------------------

    def now(self, zone=None):
        at = datetime(2024, 1, 1) + timedelta(seconds=self.r.randrange(12 * 365 * 86400))
        return {"date": f"{at:%Y-%m-%d}", "time": f"{at:%H:%M:%S}", "timezone": zone or "UTC", "weekday": DAYS[at.weekday()]}

    @staticmethod
    def _read(now, prefix=""):
        """The result's fields, and what is made of them."""
        fields = now | {"hm": now["time"][:5], "year": now["date"][:4], "month": MONTHS[int(now["date"][5:7]) - 1]}
        return {prefix + k: Said(v, v) for k, v in fields.items()}

    @staticmethod
    def _verdict(asks, now, compared):
        hour, weekend = int(now["time"][:2]), now["weekday"] in ("Saturday", "Sunday")
        if compared:
            return "compare_yes" if compared == now["weekday"] else "compare_no"
        truth = {"evening": hour >= 18, "morning": 5 <= hour < 12, "night": hour < 6 or hour >= 22}
        if asks in truth:
            return ("yes_" if truth[asks] else "no_") + asks
        return {"call": "call_ok" if 8 <= hour < 21 else "call_bad", "office": "office_open" if 9 <= hour < 17 and not weekend else "office_closed",
                "lunch": "lunch_yes" if 12 <= hour < 14 else "lunch_no", "weekend": "weekend_yes" if weekend else "weekend_no"}.get(asks, asks)

    def clock(self):
        entry = self.pick(BANK["clock"])
        scene, asks = Scene(self.draw, entry), entry["asks"]
        request, count = scene.text(entry["say"]), entry.get("places", 1)
        if count > 1:
            cities = [c for c in ("city", "city2", "city3") if c in scene.values]
            zones = [None] * bool(entry.get("here")) + [ZONES[scene.said(c)] for c in cities]
            first = self.now(zones[0])
            nows = [first] + [first | {"timezone": z, "time": f"{(int(first['time'][:2]) + self.r.randint(1, 12)) % 24:02}{first['time'][2:]}"} for z in zones[1:]]
            for i, now in enumerate(nows):
                scene.values |= self._read(now, f"{i + 1}.")
            kind = "places_here" if entry.get("here") else "places_date" if asks == "date" else "places3" if count > 2 else "places"
            step = [("clock", {"timezone": z} if z else {}, now) for z, now in zip(zones, nows)]
            field = "date" if asks == "date" else "hm"
            return Task(request, [step], scene.text(self.r.choice(ANSWERS["clock"][kind])), [scene.values[f"{i + 1}.{field}"].text for i in range(len(zones))])
        place = None if entry.get("here") else scene.said("zone" if "zone" in scene.values else "city")
        zone = place and ZONES.get(place, place)
        now = self.now(zone)
        scene.values |= self._read(now) | {"place": Said(place, place)}
        options = ANSWERS["clock"][self._verdict(asks, now, entry.get("compare_weekday"))]
        answer = scene.text(self._say(options))
        must = [v for v in (now["time"][:5], now["date"], now["weekday"]) if v in answer] or [answer.rstrip(".")]
        return Task(request, [[("clock", {"timezone": zone} if zone else {}, now)]], answer, must)

    # remember and recall --------------------------------------------------------------------------------------------

    def _about(self, entry, scene, suffix=""):
        """Binds the fact that a wording names by its key."""
        key = entry["key" + suffix]
        if key == "{key}":
            scene.any_fact(suffix)
        elif key in KEYS:
            scene.fact(key, suffix)
        else:
            key = scene.text(key)
            value = scene.values.get("value" + suffix) or self.draw.kind(self.r.choice(["person", "city", "title", "phrase", "code"]))
            fact = f"{key} is {value.text}"
            scene.values |= {"key" + suffix: Said(key, key), "value" + suffix: value, "fact" + suffix: Said(fact, fact),
                             "Fact" + suffix: Said(fact, fact[0].upper() + fact[1:])}

    def remember(self):
        entry = self.pick(BANK["remember"])
        scene, step, count = Scene(self.draw, entry), [], entry.get("facts", 1)
        for suffix in ["", "2"][:count]:
            if entry["value" + suffix] != "{value" + suffix + "}":
                value = scene.text(entry["value" + suffix])
                scene.values["value" + suffix] = Said(value, value)
            self._about(entry, scene, suffix)
            key = scene.said("key" + suffix)
            step.append(("remember", {"key": key, "value": scene.said("value" + suffix)}, {"saved": True, "key": key}))
        answer = scene.text(self._say(ANSWERS["remember_two" if count == 2 else "remember"]))
        return Task(scene.text(entry["say"]), [step], answer, [scene.said("value" + s) for s in ["", "2"][:count] if scene.said("value" + s) in answer])

    def recall(self):
        entry = self.pick(BANK["recall"])
        scene = Scene(self.draw, entry)
        self._about(entry, scene)
        key, found = scene.said("key"), self.r.random() < .75
        result = {"found": True, "key": key, "value": scene.said("value")} if found else {"found": False, "key": key}
        answer = scene.text(self._say(ANSWERS["recall" if found else "recall_none"]))
        return Task(scene.text(entry["say"]), [[("recall", {"key": key}, result)]], answer, [scene.said("value")] if found else [key])

    # several calls --------------------------------------------------------------------------------------------------

    def _done(self, tool, arguments, scene):
        """What the tool gives back."""
        if tool == "calculator":
            return {"result": evaluate(arguments["expression"])}
        if tool == "clock":
            return self.now(arguments.get("timezone"))
        if tool == "remember":
            return {"saved": True, "key": arguments["key"]}
        if "saved" in scene.values and scene.said("last.key") == arguments["key"]:
            return {"found": True, "key": arguments["key"], "value": scene.said("saved")}
        for suffix in ("", "2"):
            if "key" + suffix in scene.values and scene.said("key" + suffix) == arguments["key"]:
                return {"found": True, "key": arguments["key"], "value": scene.said("value" + suffix)}
        value = Scene(self.draw, {}).fact(arguments["key"]) if arguments["key"] in KEYS else self.draw.number(self.r.choice([2, 3, 4]))
        return {"found": True, "key": arguments["key"], "value": str(value)}

    def _calls(self, calls, scene):
        """-> steps: calls that wait for nothing new go into one message."""
        steps, done = [], set()
        for i, call in enumerate(calls, 1):
            arguments = {k: scene.text(v, plain=True) for k, v in call["arguments"].items()}
            if call["tool"] == "calculator" and not re.fullmatch(r"[-+*/^()%. \dofsqrt]+", arguments["expression"]):
                raise Unfit
            result = self._done(call["tool"], arguments, scene)
            fields = result if call["tool"] != "clock" else {k: v.text for k, v in self._read(result).items()}
            scene.values |= {f"{i}.{k}": Said(v, str(v)) for k, v in fields.items()}
            scene.values |= {k: Said(v, str(v)) for k, v in fields.items() if k in ("result", "time", "date", "weekday")}
            waits = set(call.get("after", []))
            if not steps or waits & {n for n, _ in steps[-1]} or not waits <= done:
                steps.append([])
            steps[-1].append((i, (call["tool"], arguments, result)))
            done.add(i)
        return [[call for _, call in step] for step in steps]

    def chain(self):
        def make():
            entry = self.pick(BANK["chains"])
            scene = Scene(self.draw, entry)
            request = scene.text(entry["say"])
            steps = self._calls(entry["calls"], scene)
            for name, source in (("fact_saved", "fact"), ("fact2nd", "fact2" if "fact2" in scene.values else "fact")):
                if source in scene.values:
                    scene.values.setdefault(name, scene.values[source])
            answer = self.r.choice(entry["answers"])
            answer = scene.text(answer)
            last = steps[-1][-1][2]
            must = [str(last[k]) for k in ("result", "value") if k in last and str(last[k]) in answer]
            return Task(request, steps, answer[0].upper() + answer[1:], must)
        return self._fitting(make)

    def followup(self, previous, seen=None):
        """A task that goes on from an earlier call: (tool, arguments, result). seen: what is left of it in the
        conversation, if not the call itself. None if there is no such task."""
        tool, arguments, last = previous
        number = re.fullmatch(r"\d+(\.\d+)?", str(last.get("value", "")))
        if "error" in last or (seen is not None and (tool not in ("calculator", "clock") or last.get("result", "") not in seen)):
            return None
        known = {}
        patterns = {"{p}% of {n}": r"(?P<p>\d+)% of (?P<n>\d+)", "{a} * {b}": r"(?P<a>\d+) \* (?P<b>\d+)", "{n} / {k}": r"(?P<n>\d+) / (?P<k>\d+)"}

        def fits(entry):
            need = entry.get("needs", "")
            if seen is not None and "{last." in json.dumps(entry):
                return False
            if need.startswith("expression"):
                return tool == "calculator" and re.fullmatch(patterns[need.removeprefix("expression ")], arguments["expression"])
            return {"value is a number": bool(number), "found is false": last.get("found") is False}.get(need, last.get("found") is not False)
        options = [e for i, e in enumerate(BANK["followups"]) if e["after"] == tool and fits(e)
                   and (i % HELD_PHRASING == HELD_PHRASING - 1) == self.draw.checking]
        if not options:
            return None
        entry = self.r.choice(options)
        if entry.get("needs", "").startswith("expression"):
            found = re.fullmatch(patterns[entry["needs"].removeprefix("expression ")], arguments["expression"])
            known = {k: Said(int(v), v) for k, v in found.groupdict().items() if "{" + k + "}" not in entry["say"]}
        key = {"last.key": Said(arguments["key"], arguments["key"])} if "key" in arguments else {}
        if tool == "remember":
            key["saved"] = Said(arguments["value"], arguments["value"])
        known |= {"last": Said(last.get("result"), str(last.get("result")))} | {f"last.{k}": Said(v, str(v)) for k, v in last.items()} | key

        def make():
            scene = Scene(self.draw, entry, known)
            if "key" in arguments and "{value}" in entry["say"]:
                value = self.draw.kind(KEYS[arguments["key"]]["value"]) if arguments["key"] in KEYS else self.draw.kind("person")
                scene.values["value"] = Said(value.text, value.text)
            request = scene.text(entry["say"])
            calls = [c | {"arguments": arguments} if c["arguments"] == "same" else c for c in entry["calls"]]
            waits = [c | {"after": [i]} if i and "{" + str(i) + "." in json.dumps(c) else c for i, c in enumerate(calls)]
            steps = self._calls(waits, scene)
            if "fact2" in scene.values:
                scene.values["fact2_saved"] = scene.values["fact2"]
            found = steps[-1][-1][2]
            if "value" in found:
                scene.values["value"] = Said(found["value"], found["value"])
                if "fact2" in scene.values:
                    value = KEYS[found["key"]]["fact"].replace("{value}", found["value"]) if found["key"] in KEYS else None
                    if value:
                        scene.values["fact2"] = Said(value, value)
            answer = scene.text(entry["answer"])
            must = [str(v) for v in (found.get("result"), found.get("value")) if v and str(v) in answer]
            return Task(request, steps, answer[0].upper() + answer[1:], must)
        try:
            return self._fitting(make)
        except Unfit:
            return None
