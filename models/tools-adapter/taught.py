"""What training teaches word for word, so that the evaluation can leave it out."""
import re
from functools import cache

import bank
import chains
import phrases
from zones import ZONES

VALUE = re.compile(r"\{[^}]*\}|\d+(?:[.,]\d+)*")


@cache
def _names():
    """Places and the keys of facts, as they are spoken of: they are values, too."""
    keys = bank.sections("builtin")["keys"]
    spoken = {k for key, spec in keys.items() for k in (key, spec["mine"]) if k and "{" not in k}
    return re.compile(r"\b(?:" + "|".join(re.escape(n.lower()) for n in sorted(spoken | set(ZONES), key=len, reverse=True)) + r")\b")


def wording(request):
    """A request without its values, in letters and the signs of arithmetic: requests of one wording differ in values only."""
    text = _names().sub("#", VALUE.sub("#", request.lower()))
    return " ".join(re.sub(r"[^a-z#%+*/^() -]", "", text.replace("\u2019", "")).split())


def _said(node, key=""):
    """All requests in an entry of a bank: what stands under "say" or "requests"."""
    if isinstance(node, dict):
        for name, inner in node.items():
            yield from _said(inner, name)
    elif isinstance(node, list):
        for inner in node:
            yield from _said(inner, key)
    elif key in ("say", "requests"):
        yield node


@cache
def wordings():
    """All wordings of the training banks."""
    requests = [*_said(bank.sections("builtin")), *_said(bank.sections("talk")), *_said([t.entry for t in bank.load()])]
    requests += [p.lstrip("!") for patterns in phrases.PATTERNS.values() for p in patterns]
    requests += [entry.partition("=")[0] for entry in phrases.KNOWLEDGE + phrases.OPEN]
    requests += [phrases.CAPITAL.format(c=c.partition(" ")[0]) for c in phrases.CAPITALS]
    requests += [said for said, *_ in chains.YEARS] + [p for patterns in (chains.ASK_AMOUNT, chains.SAVE_RESULT, chains.SAVE_NOW, chains.TIME_THERE, chains.COPY,
                                                                          chains.TWO_RECALLS) for p in patterns]
    return {wording(r) for r in requests}


def without(node, key=""):
    """A held-out file without the requests that training has, too. A tool keeps its other requests."""
    if isinstance(node, dict):
        return {name: without(inner, name) for name, inner in node.items()}
    if isinstance(node, list):
        return [without(entry) for entry in node if not _is_taught(entry, key)]
    return node


def _is_taught(entry, key):
    request = entry.get("say") if isinstance(entry, dict) else entry if key == "requests" else None
    return isinstance(request, str) and wording(request) in wordings()
