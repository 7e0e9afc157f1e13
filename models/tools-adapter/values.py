"""Values that conversations speak about. An eighth of them is kept out of training for validation."""
import random
import re
import zlib
from dataclasses import dataclass
from pathlib import Path

from bank import sections

LISTS = Path(__file__).resolve().parent / "bank" / "values"


def _list(name):
    """The values of bank/values/<name>.txt: a line each, or several to a line between bars."""
    text = (LISTS / f"{name}.txt").read_text(encoding="utf-8")
    return [v.strip() for v in re.split(r"[|\n]", text) if v.strip()]


NAMES, SURNAMES, CITIES, COUNTRIES = _list("names"), _list("surnames"), _list("cities"), _list("countries")
COMPANIES, PRODUCTS, TOPICS, STREETS = _list("companies"), _list("products"), _list("topics"), _list("streets")
SENTENCES, PHRASES, TITLES = _list("sentences"), _list("phrases"), _list("titles")
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = "January February March April May June July August September October November December".split()
COLOURS = "green blue red yellow black white orange purple pink brown grey turquoise teal violet silver gold beige navy".split()
LANGUAGES = """English French Spanish German Italian Portuguese Japanese Korean Mandarin Arabic Hindi Dutch Polish Swedish
Turkish Greek Finnish Danish Norwegian Czech Hungarian Romanian Ukrainian Vietnamese Thai Hebrew Swahili Icelandic""".split()
CURRENCIES = "EUR USD GBP JPY CHF SEK NOK DKK PLN CZK CAD AUD NZD INR BRL MXN ZAR KRW SGD HKD TRY HUF".split()
_C, _V = "b c d f g k l m n p r s t v z br dr gr tr st".split(), "a e i o u ai ou".split()
NAMED = sections("builtin")["kinds"]            # a bank's own kinds
COARSE = re.compile("ass(hole|es)|fuck|shit|cunt|nigg|whore|slut|bitch|rape|rapist|porn|sex|fag|piss|tits|titt|cock|dick|spic|damn|turd|crap|negro")
DICTIONARY = Path("/usr/share/dict/american-english")


def _words():
    """Debian's wamerican (SCOWL): ordinary words and, capitalised, names. Without it, invented ones: less variety."""
    if not DICTIONARY.exists():
        words = sorted({c + v + d + w for c in _C for v in _V for d in _C for w in _V})
        return words, [w.capitalize() for w in words[::3]]
    words = [w for w in DICTIONARY.read_text(encoding="utf-8").split()
             if w.isascii() and w.isalpha() and 3 <= len(w) <= 10 and not COARSE.search(w.lower())]
    return [w for w in words if w.islower()], [w for w in words if w.istitle()]


WORDS, PROPER = _words()
EVERYDAY = {"Paris", "London", "New York", "Tokyo", "Berlin"}      # too common in use to be kept from training


def held(text):
    """True for the eighth of all values that training never sees."""
    return text not in EVERYDAY and zlib.crc32(("v" + str(text).lower()).encode()) % 8 == 0


@dataclass(frozen=True)
class Said:
    """A value as a call carries it, and as people say it."""
    value: object
    text: str


def joined(items):
    """a, b and c"""
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]


class Values:
    """Draws values. unseen: the share of them that training never sees: 0 in training, more to validate and test."""

    def __init__(self, rng: random.Random, unseen=0.0):
        self.rng, self.unseen, self.checking = rng, unseen, unseen > 0

    def drawn(self, make):
        wanted, value = self.checking and self.rng.random() < self.unseen, None
        for _ in range(100):
            value = make()
            if held(value) == wanted:
                break
        return value

    def one(self, options):
        return self.drawn(lambda: self.rng.choice(options))

    # plain values -----------------------------------------------------------------------------------------------

    def number(self, digits=None):
        """A natural number as text; small ones are often round."""
        d = digits or self.rng.choice([1, 2, 2, 2, 3, 3, 3, 4, 4, 5, 6])
        if d == 1:
            return str(self.rng.randint(2, 9))

        def make():
            n = self.rng.randint(10 ** (d - 1), 10 ** d - 1)
            return str(n // 10 * 10 if self.rng.random() < .25 else n)
        return self.drawn(make)

    def decimal(self):
        return self.drawn(lambda: f"{self.rng.randint(0, 999)}.{self.rng.choice([5, 25, 75, self.rng.randint(1, 99)])}".rstrip("0"))

    def pseudo(self):
        r = self.rng
        return "".join(r.choice(_C) + r.choice(_V) for _ in range(r.randint(2, 3))) + r.choice(["", "n", "r", "x", "s"])

    def word(self):
        return self.drawn(lambda: self.rng.choice(WORDS) if self.rng.random() < .85 else self.pseudo())

    def words(self, low, high):
        return " ".join(self.word() for _ in range(self.rng.randint(low, high)))

    def person(self):
        r = self.rng
        return self.drawn(lambda: r.choice(NAMES) if r.random() < .65 else r.choice(PROPER) if r.random() < .6 else
                          self.pseudo().capitalize())

    def one_surname(self):
        return self.one(SURNAMES)

    def full_name(self):
        r = self.rng
        return self.person() + " " + (r.choice(SURNAMES) if r.random() < .6 else self.one(PROPER))

    def city(self):
        return self.one(CITIES) if self.rng.random() < .85 else self.one(PROPER)

    def company(self):
        r = self.rng
        return self.one(COMPANIES) if r.random() < .5 else r.choice(
            [self.one(PROPER), self.word().capitalize(), self.one(SURNAMES)]) + r.choice(["", " Ltd", " Inc", " & Co", " Labs", " Group", " Foods"])

    def username(self):
        r = self.rng
        return r.choice([self.person().lower(), self.word()]) + r.choice(["", "_", ".", ""]) + r.choice([self.word(), str(r.randint(1, 999)), ""])

    def domain(self):
        r = self.rng
        return r.choice([self.word(), self.word() + "-" + self.word(), self.word() + self.word()]) + r.choice([".com", ".org", ".net", ".io", ".dev", ".co.uk", ".example"])

    def code(self):
        r = self.rng
        letters, mixed = "ABCDEFGHJKLMNPQRSTUVWXYZ", "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"
        return self.drawn(lambda: r.choice([
            "".join(r.choice(mixed) for _ in range(r.randint(4, 7))), "".join(r.choice(mixed.lower()) for _ in range(r.randint(4, 7))),
            f"{r.choice(letters)}{r.randint(1, 99)}-{r.randint(10, 999)}", str(r.randint(1000, 999999))]))

    def id(self):
        r = self.rng
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        return self.drawn(lambda: r.choice([
            "".join(r.choice(letters) for _ in range(r.randint(2, 4))) + r.choice(["-", "-", ""]) + str(r.randint(10, 99999)),
            f"{r.choice(['ord', 'usr', 'tsk', 'doc', 'cus', 'job', 'acc'])}_{r.randint(100, 99999)}", str(r.randint(1000, 9999999)),
            r.choice(["INV-", "ORD-", "TKT-", "CASE-", "PO-"]) + str(r.randint(100, 99999))]))

    def hex_id(self):
        return "".join(self.rng.choice("0123456789abcdef") for _ in range(self.rng.choice([6, 7, 8, 12])))

    def date(self):
        r = self.rng
        return f"{r.randint(2024, 2031)}-{r.randint(1, 12):02}-{r.randint(1, 28):02}"

    def spoken_date(self):
        r = self.rng
        return self.drawn(lambda: r.choice(["{1} {0}", "{0} {1}", "{0} {1}th", "the {1}th of {0}"]).format(r.choice(MONTHS), r.randint(4, 20)))

    def time(self):
        return f"{self.rng.randint(0, 23):02}:{self.rng.choice([0, 15, 30, 45, self.rng.randint(0, 59)]):02}"

    def clock_time(self):
        r = self.rng
        h, half = r.randint(1, 12), r.choice(["am", "pm"])
        return r.choice([f"{h}{half}", f"{h} {half}", f"{h}:{r.choice([15, 30, 45, 10]):02} {half}", f"{h}:{r.choice([15, 30, 45]):02}{half}"])

    def phone(self):
        r = self.rng
        return r.choice([f"+{r.randint(1, 98)} {r.randint(100, 999)} {r.randint(100000, 9999999)}", f"555-{r.randint(1000, 9999)}",
                         f"({r.randint(200, 989)}) {r.randint(200, 989)}-{r.randint(1000, 9999)}", f"0{r.randint(100000000, 999999999)}"])

    def address(self):
        r = self.rng
        return f"{r.randint(1, 250)} {r.choice([self.one(STREETS), self.one(PROPER) + r.choice([' Street', ' Road', ' Avenue', ' Lane'])])}" + (
            f", {self.city()}" if r.random() < .4 else "")

    def filename(self):
        r = self.rng
        return r.choice([self.word(), self.word() + r.choice("_-") + self.word(), f"{self.word()}_{r.randint(2020, 2031)}"]) + r.choice(
            [".txt", ".md", ".json", ".csv", ".log", ".pdf", ".xlsx", ".png", ".docx", ".yaml", ".py"])

    def path(self):
        r = self.rng
        return r.choice(["/", "/", "", "~/", "./"]) + "/".join(self.word() for _ in range(r.randint(1, 2))) + "/" + self.filename()

    def title(self):
        r = self.rng
        return self.one(TITLES) if r.random() < .6 else " ".join(self.word().capitalize() for _ in range(r.randint(2, 3)))

    def phrase(self):
        r = self.rng
        return self.one(PHRASES) if r.random() < .7 else r.choice(["the ", "", "my ", "some "]) + self.words(1, 2) + r.choice(["", "", " " + self.word()])

    def topic(self):
        return self.one(TOPICS) if self.rng.random() < .7 else self.words(1, 2)

    def product(self):
        return self.one(PRODUCTS) if self.rng.random() < .75 else self.words(1, 2)

    def url(self):
        return "https://" + self.domain() + self.rng.choice(["", "/" + self.word(), "/" + self.word() + "/" + str(self.rng.randint(1, 999))])

    def sentence(self):
        return self.one(SENTENCES).replace("{name}", self.person()).replace("{n}", self.number(self.rng.choice([1, 2]))) \
            .replace("{word}", self.word()).replace("{day}", self.rng.choice(DAYS)).replace("{time}", self.clock_time()) \
            .replace("{place}", self.rng.choice([self.city(), "the " + self.word()]))

    # kinds of the banks -----------------------------------------------------------------------------------------

    def kind(self, spec):
        """A value of a bank's kind -> Said."""
        r = self.rng
        if isinstance(spec, list):
            v = self.one(spec)
            return Said(v, str(v).lower() if isinstance(v, bool) else str(v))
        if isinstance(spec, dict):
            value = r.choice(list(spec))
            return Said({"true": True, "false": False}.get(value, value), r.choice(spec[value]) if spec[value] else value)
        if spec in NAMED:
            return self.kind(NAMED[spec])
        name, *rest = spec.split(":")
        if name in ("int", "decimal"):
            low, high = (float(x) for x in rest)
            if name == "int":
                low, high = int(low), int(high)
                v = self.drawn(lambda: r.randint(low, high) if high - low < 50 or r.random() < .7 else
                               min(high, max(low, r.randint(low, high) // 10 * 10)))
                return Said(v, str(v))
            v = self.drawn(lambda: round(r.uniform(low, high), r.choice([1, 1, 2])))
            v = int(v) if v == int(v) else v                # as it is said, so it is sent: 42, not 42.0
            return Said(v, str(v))
        if name == "list":
            kind, low, high = ":".join(rest[:-2]), int(rest[-2]), int(rest[-1])
            items = []
            for _ in range(200):
                if len(items) >= r.randint(low, high) and len(items) >= low:
                    break
                if (item := self.kind(kind)) not in items:
                    items.append(item)
            return Said([i.value for i in items], joined([i.text for i in items]))
        if name == "money":
            cents = r.choice([r.randint(100, 99999), r.randint(1, 400) * 50, r.randint(1, 60) * 500])
            return Said(cents / 100 if cents % 100 else cents // 100, f"{cents / 100:.2f}" if cents % 100 else str(cents // 100))
        if name == "percent":
            v = r.choice([5, 10, 15, 20, 25, 30, 50, 75, r.randint(1, 99), r.randint(1, 99)])
            return Said(v, str(v))
        if name == "duration_minutes":
            v = r.choice([5, 10, 15, 20, 25, 30, 45, 60, 90, 120, r.randint(1, 240)])
            return Said(v, str(v))
        if name == "number_words":
            v = r.randint(2, 20)
            return Said(v, in_words(v))
        simple = {"email": lambda: self.username().strip("._") + "@" + self.domain(), "country": lambda: self.one(COUNTRIES),
                  "month": lambda: r.choice(MONTHS), "weekday": lambda: r.choice(DAYS), "quoted": lambda: r.choice([self.sentence, self.phrase, self.title])(),
                  "rare_word": lambda: self.one(WORDS) if r.random() < .5 else self.pseudo(), "language": lambda: self.one(LANGUAGES),
                  "currency": lambda: r.choice(CURRENCIES), "color": lambda: self.one(COLOURS),
                  "hashtag": lambda: "#" + self.word() + r.choice(["", self.word().capitalize()]),
                  "version": lambda: f"{r.randint(0, 12)}.{r.randint(0, 20)}" + r.choice(["", f".{r.randint(0, 30)}", f".{r.randint(0, 30)}"]),
                  "ip": lambda: ".".join(str(r.randint(1, 254)) for _ in range(4))}
        make = simple.get(name) or getattr(self, name)
        return Said(v := make(), v)


ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen " \
       "eighteen nineteen".split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()


def in_words(n):
    """0..99 in English."""
    if n < 20:
        return ONES[n]
    return TENS[n // 10 - 2] + ("-" + ONES[n % 10] if n % 10 else "")
