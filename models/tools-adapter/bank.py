"""Tools and their requests from the hand-written banks (bank/tools_*.json), under their own and under other names."""
import json
import re
from dataclasses import dataclass, field
from pathlib import Path



FOLDER = Path(__file__).resolve().parent / "bank"
SLOT = re.compile(r"\{([a-z][a-z0-9_]*)\}")
HELD_TOOL, HELD_PHRASING = 8, 6                 # every so many-th is kept for validation

SYNONYMS = [line.split() for line in """city location place town|query q search_query term keywords|to recipient recipient_name receiver
text message body content msg|title name subject heading|date day on_date|time at start_time when|count number quantity|limit n max_results
id item_id identifier ref key|path file file_path filename|user username user_id person|language lang target_language|unit units scale
duration minutes length duration_minutes|category type kind|url link address uri|email email_address mail|tags labels keywords
status state|priority level urgency importance|note comment notes remark|price cost|start from begin source|end until stop target""".replace(
    "\n", "|").split("|")]
VERBS = [line.split() for line in """get fetch lookup show read check|create add make new|send post deliver|search find query lookup|delete remove drop
update edit change modify set|book reserve schedule|list show get_all|start run launch begin|cancel abort revoke|play start|order buy purchase|convert translate""".replace(
    "\n", "|").split("|")]


@dataclass
class Task:
    """What a user asks, the steps of calls that serve it, and what is said in the end."""
    request: str
    steps: list                         # of steps: lists of (name, arguments, result), made in one message
    answer: str
    must: list = field(default_factory=list)


class Missing(Exception):
    """A template speaks of a slot that has no value here."""


def fill(template, slots, spoken=False):
    """The template with its slots: one that is only a slot becomes the slot's own value. Members whose slots are
    missing are left out. Raises Missing if nothing is left of it."""
    if isinstance(template, dict):
        out = {}
        for key, inner in template.items():
            try:
                out[key] = fill(inner, slots, spoken)
            except Missing:
                continue
        if template and not out:
            raise Missing
        return out
    if isinstance(template, list):
        return [fill(inner, slots, spoken) for inner in template]
    if not isinstance(template, str):
        return template
    names = SLOT.findall(template)
    if any(n not in slots for n in names):
        raise Missing
    if not spoken and len(names) == 1 and template == "{" + names[0] + "}":
        return slots[names[0]].value

    def text(match):
        said = slots[match[1]]
        return said.text if spoken or isinstance(said.value, (bool, list)) else str(said.value)
    return SLOT.sub(text, template)


def shaped(value, schema):
    """The value with the types the schema asks for and its members in the order the grammar writes them: the required
    ones first, then the optional ones, each in the order of the properties."""
    kind = schema.get("type")
    if kind == "object" and isinstance(value, dict):
        properties, required = schema.get("properties", {}), schema.get("required", [])
        unknown = set(value) - set(properties)
        if unknown or set(required) - set(value):
            raise ValueError(f"arguments {value} do not fit: unknown {unknown}, missing {set(required) - set(value)}")
        order = [p for p in properties if p in required] + [p for p in properties if p not in required]
        return {p: shaped(value[p], properties[p]) for p in order if p in value}
    if kind == "array":
        if not isinstance(value, list):
            raise ValueError(f"{value!r} is no list")
        return [shaped(v, schema.get("items", {})) for v in value]
    if "enum" in schema and value not in schema["enum"]:
        raise ValueError(f"{value!r} is none of {schema['enum']}")
    if kind == "string" and not isinstance(value, str):
        return str(value).lower() if isinstance(value, bool) else str(value)
    if kind in ("integer", "number") and (isinstance(value, bool) or not isinstance(value, (int, float))):
        raise ValueError(f"{value!r} is no number")
    if kind == "integer" and not isinstance(value, int):
        raise ValueError(f"{value!r} is not whole")
    if kind == "boolean" and not isinstance(value, bool):
        raise ValueError(f"{value!r} is no boolean")
    return value


class BankTool:
    """A tool of a bank; index: its place among all of them."""

    def __init__(self, entry, index):
        self.entry, self.index = entry, index
        self.slots, self.schema = entry["slots"], entry["parameters"]
        self.requests = [r if isinstance(r, dict) else {"say": r} for r in entry["requests"]]

    @property
    def held(self):
        return self.index % HELD_TOOL == HELD_TOOL - 1

    def request(self, rng, checking):
        """One of the wordings that are for training, or of those that are for validation."""
        mine = [r for i, r in enumerate(self.requests) if (i % HELD_PHRASING == HELD_PHRASING - 1) == checking]
        return rng.choice(mine or self.requests)

    def task(self, draw, checking, disguise=None, said=None):
        """A task for this tool, under its own name or under the disguise's. said: the index of a wording to use."""
        disguise, r = disguise or Disguise(self.entry), draw.rng
        wording = self.request(r, checking and not self.held) if said is None else self.requests[said]
        slots = {name: draw.kind(self.slots[name]) for name in dict.fromkeys(SLOT.findall(wording["say"]))}
        try:
            arguments = fill(self.entry["arguments"], slots)
        except Missing:
            arguments = {}
        arguments = shaped(merged(arguments, fill_all(wording.get("arguments", {}), slots)), self.schema)
        result = r.choice(self.entry["results"])
        for name, spec in self.slots.items():
            if name not in slots:
                slots[name] = draw.kind(spec)
        answer = fill(r.choice(result["answers"]), slots, spoken=True)
        given = fill(result["result"], slots)
        return Task(fill(wording["say"], slots, spoken=True), [[(disguise.name, disguise.renamed(arguments), given)]], answer,
                    [fill(m, slots, spoken=True) for m in result.get("must", [])])


def fill_all(template, slots):
    try:
        return fill(template, slots)
    except Missing:
        return {}


def merged(a, b):
    """b laid over a, objects member by member."""
    return a | {k: merged(a[k], v) if isinstance(v, dict) and isinstance(a.get(k), dict) else v for k, v in b.items()}


class Disguise:
    """A tool under another name, with other names for its parameters in another order."""

    def __init__(self, entry, draw=None):
        self.entry, self.map, self.schema = entry, {}, entry["parameters"]
        self.name = entry["name"].replace(".", "_")           # the product allows letters, digits, _ and -
        self.description = entry["description"]
        if draw:
            self._draw(draw)

    def _draw(self, draw):
        r = draw.rng
        k = r.random()
        if k < .35:
            self.name = restyled(r, resaid(r, self.name))
        elif k < .45:
            self.name = r.choice([f"{draw.word()}_{draw.word()}", draw.word(), f"tool_{r.randint(1, 40)}", f"{self.name}_v{r.randint(2, 4)}",
                                  f"{draw.word()}_{self.name}"])
        if r.random() < .15 and ". " in self.description:
            self.description = self.description.split(". ")[0] + "."
        if r.random() < .35:
            taken = set(self.schema.get("properties", {}))
            for name in self.schema.get("properties", {}):
                new = self._other(draw, name)
                if new not in taken:
                    self.map[name] = new
                    taken.add(new)
        self.schema = self._other_schema(r, self.schema)

    def _other(self, draw, name):
        r = draw.rng
        for group in SYNONYMS:
            if name in group and r.random() < .7:
                return r.choice(group)
        return restyled(r, name) if r.random() < .5 else name

    def _other_schema(self, r, schema):
        properties = {self.map.get(p, p): s for p, s in schema.get("properties", {}).items()}
        if len(properties) > 1 and r.random() < .2:
            order = list(properties)
            r.shuffle(order)
            properties = {p: properties[p] for p in order}
        if properties and r.random() < .15:
            extra, kind = r.choice([("locale", "string"), ("verbose", "boolean"), ("page", "integer"), ("dry_run", "boolean"),
                                    ("timeout", "number"), ("format", "string"), ("callback_url", "string")])
            properties.setdefault(extra, {"type": kind})
        required = [self.map.get(p, p) for p in schema.get("required", [])]
        return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}

    def tool(self):
        return {"type": "function", "function": {"name": self.name, "description": self.description, "parameters": self.schema}}

    def renamed(self, arguments):
        return shaped({self.map.get(k, k): v for k, v in arguments.items()}, self.schema)


def resaid(r, name):
    """The name with another verb, if it begins with one that has a synonym."""
    verb, _, rest = name.partition("_")
    for group in VERBS:
        if verb in group and rest and r.random() < .7:
            return f"{r.choice(group)}_{rest}"
    return name


def restyled(r, name):
    """snake_case, camelCase, with hyphens or turned round."""
    parts = [p.lower() for p in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+", name)]
    if len(parts) < 2:
        return name
    return r.choice(["_".join(parts), parts[0] + "".join(p.capitalize() for p in parts[1:]), "-".join(parts), "_".join(parts[1:] + parts[:1]),
                     parts[-1] + "_" + "_".join(parts[:-1]), "".join(p.capitalize() for p in parts)])


def sections(name):
    """The sections of NAME.json and of NAME_*.json; those come last, so that what is kept for validation stays the same."""
    out = {}
    for file in sorted(FOLDER.glob(f"{name}*.json")):
        for section, entries in json.loads(file.read_text(encoding="utf-8")).items():
            out.setdefault(section, type(entries)())
            out[section] = out[section] + entries if isinstance(entries, list) else out[section] | entries
    return out


def load():
    """All tools of the banks, in the order of the files' names."""
    entries = [e for f in sorted(FOLDER.glob("tools_*.json")) for e in json.loads(f.read_text(encoding="utf-8"))]
    return [BankTool(e, i) for i, e in enumerate(entries)]
