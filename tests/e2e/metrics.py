"""Prometheus text, and by how much its counters rose."""

import re
from collections import Counter

LINE = re.compile(r"^(?P<name>[a-zA-Z_:][\w:]*)(?:\{(?P<labels>.*)\})? (?P<value>\S+)$")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
CONSTANT = ("service_version", "env")


class Samples:
    """Values by name and labels."""

    def __init__(self, text: str):
        self.values: Counter = Counter()
        for line in text.splitlines():
            if line and not line.startswith("#"):
                match = LINE.match(line)
                assert match, f"not Prometheus' text format: {line}"
                labels = {k: v for k, v in LABEL.findall(match["labels"] or "") if k not in CONSTANT}
                key = (match["name"], frozenset(labels.items()))
                assert key not in self.values, f"stands twice: {line}"
                self.values[key] = float(match["value"])

    def total(self, name: str, **labels: str) -> float:
        """The sum over all series of this name that have these labels."""
        wanted = set(labels.items())
        return sum(v for (n, have), v in self.values.items() if n == name and wanted <= have)

    def by(self, name: str, *label_names: str, **labels: str) -> Counter:
        """Sums by the values of some labels; zeros are left out."""
        out: Counter = Counter()
        wanted = set(labels.items())
        for (n, have), v in self.values.items():
            if n == name and wanted <= have and v:
                out[tuple(dict(have).get(label, "") for label in label_names)] += v
        return out


class Rise:
    """What rose between two looks at all services of a deployment."""

    def __init__(self, deployment):
        self.deployment = deployment
        self.before = self.look()

    def look(self) -> Samples:
        roles = ["gateway"] if self.deployment.shape == "one" else self.deployment.roles
        return Samples("\n".join(self.deployment.metrics_text(role) for role in roles))

    def now(self) -> "Rise":
        self.after = self.look()
        return self

    def of(self, name: str, **labels: str) -> float:
        return self.after.total(name, **labels) - self.before.total(name, **labels)

    def by(self, name: str, *label_names: str, **labels: str) -> dict:
        after, before = (s.by(name, *label_names, **labels) for s in (self.after, self.before))
        return {key: after[key] - before[key] for key in after if after[key] != before[key]}
