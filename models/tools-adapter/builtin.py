"""The product's four built-in tools, exactly as the default capsule offers them, and tasks that need them."""
from datetime import datetime, timedelta
from fractions import Fraction

from bank import Task
from chains import Chains
from everyday import AMOUNTS, MINE, THINGS, fact
from intents import Intents
from values import DAYS, in_words
from zones import PLACES, ZONES

SYSTEM = "You are Writ, a helpful assistant. Use a tool when it helps, and answer from its result."


def function(name, description, properties, required=None):
    """A tool in OpenAI's shape; all properties are required unless said otherwise."""
    required = list(properties) if required is None else required
    schema = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required
    return {"type": "function", "function": {"name": name, "description": description,
                                             "parameters": schema | {"additionalProperties": False}}}


BANK_SHARE = 0.65               # of the tasks; the rest draws more freely from fewer patterns
STRING = {"type": "string"}
TOOLS = [
    function("calculator", "Evaluate an arithmetic expression, such as (3 + 4) * 2 or 15% of 80.", {"expression": STRING}),
    function("clock", "Tell the current date and time, in UTC or in a named time zone such as Europe/Paris.",
             {"timezone": STRING}, []),
    function("remember", "Save a fact under a short key, to be recalled in later conversations.", {"key": STRING, "value": STRING}),
    function("recall", "Look up a fact saved earlier by its key.", {"key": STRING}),
]


def in_turn(request, calls, answer, must):
    """A Task whose calls are made one after the other."""
    return Task(request, [[call] for call in calls], answer, must)


def decimal(value):
    """A Fraction as the product's calculator prints it: at most 15 significant digits, no trailing zeros."""
    if value.denominator == 1 and abs(value) < 10**15:
        return str(value.numerator)
    return f"{float(value):.15g}"


class Builtin:
    """Makes tasks for the built-in tools, in the words of the bank and in those of phrases.py. draw: Values"""

    def __init__(self, draw, speech):
        self.r, self.draw, self.phrase = draw.rng, draw, speech.phrase
        self.intents = Intents(draw, speech.pick)
        self.chains = Chains(draw, self.intents, speech.pick)

    # calculator ------------------------------------------------------------------------------------------------

    def _sum(self):
        """-> (as said, as an expression, value)"""
        r, n = self.r, self.draw.number
        a, b = (self.draw.decimal() if r.random() < .12 else n() for _ in range(2))
        x, y = Fraction(a), Fraction(b)
        kind = r.choice(["plain"] * 8 + ["percent"] * 5 + ["words", "words", "named", "named", "three", "three", "bracket",
                                                           "power", "part", "number words", "chain"])
        if kind == "percent":
            p = str(r.choice([5, 10, 15, 20, 25, 50, 75])) if r.random() < .3 else n(r.choice([1, 2, 2])) \
                if r.random() < .85 else n(1) + ".5"
            said = r.choice(["{}% of {}", "{}% of {}", "{}% of {}", "{} percent of {}", "{} % of {}"]).format(p, b)
            return said, f"{p}% of {b}", Fraction(p) / 100 * y
        if kind == "part":
            word, by = r.choice([("half of", 2), ("a third of", 3), ("a quarter of", 4), ("half", 2), ("a tenth of", 10)])
            if r.random() < .35:
                word, by = r.choice([("double", 2), ("twice", 2), ("triple", 3), ("two times", 2)])
                return f"{word} {a}", f"{a} * {by}", x * by
            return f"{word} {a}", f"{a} / {by}", x / by
        if kind == "power":
            if r.random() < .3:
                root = int(n(r.choice([1, 2])))
                return r.choice(["the square root of {}", "sqrt({})", "square root of {}"]).format(root**2), f"sqrt({root**2})", Fraction(root)
            a, k = n(r.choice([1, 1, 2])), r.choice([2, 2, 3, 4])
            word = {2: " squared", 3: " cubed", 4: " to the power of 4"}[k]
            return r.choice([a + word, f"{a} ^ {k}", f"{a}^{k}", f"{a} to the power of {k}"]), f"{a} ^ {k}", Fraction(a) ** k
        op = r.choice("++--**//")
        value = {"+": lambda: x + y, "-": lambda: x - y, "*": lambda: x * y, "/": lambda: x / y}
        word = {"+": ["plus"], "-": ["minus"], "*": ["times", "multiplied by", "times"], "/": ["divided by", "over"]}
        if kind == "number words":
            i, j = r.randint(2, 99), r.randint(2, 20)
            x, y = Fraction(i), Fraction(j)
            return f"{in_words(i)} {r.choice(word[op])} {in_words(j)}", f"{i} {op} {j}", value[op]()
        if kind == "three":
            c, op2 = n(r.choice([1, 2, 3])), r.choice("+-")
            z = Fraction(c) if op2 == "+" else -Fraction(c)
            e = f"{a} {op} {b} {op2} {c}"
            return r.choice([e, e, f"{a} {r.choice(word[op])} {b} {word[op2][0]} {c}", e.replace(" ", "")]), e, value[op]() + z
        if kind == "bracket":
            c, k, inner = n(r.choice([1, 2])), r.choice("*/"), r.choice("+-")
            total = x + y if inner == "+" else x - y
            e = f"({a} {inner} {b}) {k} {c}"
            if r.random() < .3:
                return f"{c} * ({a} {inner} {b})", f"{c} * ({a} {inner} {b})", total * Fraction(c)
            return r.choice([e, e, e.replace(" ", "")]), e, total * Fraction(c) if k == "*" else total / Fraction(c)
        if kind == "chain":
            op = r.choice("++*")
            a, b, c, d = (n(r.choice([1, 2, 3] if op == "+" else [1, 1, 2])) for _ in range(4))
            x, y = Fraction(a), Fraction(b)
            total = x + y + Fraction(c) + Fraction(d) if op == "+" else x * y * Fraction(c) * Fraction(d)
            e = f" {op} ".join([a, b, c, d])
            return e, e, total
        e = f"{a} {op} {b}"
        if kind == "named":
            said = {"+": "the sum of {} and {}", "-": "the difference between {} and {}", "*": "the product of {} and {}",
                    "/": "the quotient of {} and {}"}[op].format(a, b)
            return said, e, value[op]()
        if kind == "words":
            return f"{a} {r.choice(word[op])} {b}", e, value[op]()
        said = r.choice([e, e, e, f"{a}{op}{b}", f"{a} x {b}" if op == "*" else e])
        if len(a) > 3 and a.isdigit() and r.random() < .15:
            said = said.replace(a, f"{int(a):,}", 1)
        return said, e, value[op]()

    def _story(self):
        """A small word problem. -> (request, expression, value)"""
        r, n = self.r, self.draw.number
        a, b = n(r.choice([2, 2, 3])), n(r.choice([1, 2]))
        x, y = Fraction(a), Fraction(b)
        thing = r.choice(["apples", "books", "tickets", "chairs", "shirts", "boxes", "pens", "eggs"])
        ask = [(f"I buy {b} {thing} for {a} each, what do I pay?", f"{b} * {a}", x * y),
               (f"If I have {a} {thing} and give away {b}, how many are left?", f"{a} - {b}", x - y),
               (f"Split {a} between {b} people", f"{a} / {b}", x / y),
               (f"How many hours are in {b} days?", f"{b} * 24", y * 24),
               (f"How many minutes are {b} hours?", f"{b} * 60", y * 60),
               (f"I have {a} {thing} and get {b} more. How many do I have?", f"{a} + {b}", x + y),
               (f"What is a {b}% tip on {a}?", f"{b}% of {a}", x * y / 100),
               (f"How much is {a} after a discount of {b}%?", f"{a} - ({b}% of {a})", x - x * y / 100),
               (f"Increase {a} by {b}%", f"{a} + ({b}% of {a})", x + x * y / 100),
               (f"Add {b} to {a}", f"{a} + {b}", x + y), (f"Subtract {b} from {a}", f"{a} - {b}", x - y),
               (f"Multiply {a} by {b}", f"{a} * {b}", x * y), (f"Divide {a} by {b}", f"{a} / {b}", x / y)]
        held = {1, 5, 8}                                          # phrasings that training never sees
        if self.draw.checking:
            return ask[r.choice(sorted(held))]
        return r.choice([s for i, s in enumerate(ask) if i not in held])

    def calculator(self):
        return self.intents.calculator() if self.r.random() < BANK_SHARE else self._calculator()

    def _calculator(self):
        if self.r.random() < .2:
            request, e, value = self._story()
        else:
            said, e, value = self._sum()
            request = self.phrase("calc", e=said)
        result = decimal(value)
        return in_turn(request, [("calculator", {"expression": e}, {"result": result})], f"{e} is {result}.", [result])

    # clock -----------------------------------------------------------------------------------------------------

    def _now(self, zone):
        at = datetime(2024, 1, 1) + timedelta(seconds=self.r.randrange(12 * 365 * 86400))
        return {"date": f"{at:%Y-%m-%d}", "time": f"{at:%H:%M:%S}", "timezone": zone or "UTC", "weekday": DAYS[at.weekday()]}

    def clock(self):
        return self.intents.clock() if self.r.random() < BANK_SHARE else self._clock()

    def _clock(self):
        r, place = self.r, None
        k = r.random()
        if k < .5:
            place = r.choice(list(ZONES.values())) if r.random() < .15 else self.draw.one(PLACES)
        zone = ZONES.get(place, place)
        now = self._now(zone)
        at, date = now["time"][:5], f"{now['weekday']}, {now['date']}"
        if place:
            intent = "time" if r.random() < .75 else "date"
            request = self.phrase(intent, c=place)
            answer = f"It is {at} in {place}." if intent == "time" else f"It is {date} in {place}."
        else:
            intent = r.choice(["time_here"] * 4 + ["date_here"] * 3 + ["both_here", "year", "weekend"])
            request = self.phrase(intent)
            yes = now["weekday"] in ("Saturday", "Sunday")
            answer = {"time_here": f"It is {at} UTC.", "date_here": f"Today is {date}.", "both_here": f"It is {date}, {at} UTC.",
                      "year": f"It is {now['date'][:4]}.",
                      "weekend": f"{'Yes' if yes else 'No'}, today is {now['weekday']}."}[intent]
        return in_turn(request, [("clock", {"timezone": zone} if zone else {}, now)], answer, [answer.removesuffix(".")])

    # remember and recall ---------------------------------------------------------------------------------------

    def _key(self):
        """-> (key, as the user says it, as the assistant says it)"""
        r = self.r
        k = r.random()
        if k < .62:
            key = r.choice(MINE)
            return key, "my " + key, "your " + key
        if k < .85:
            key = r.choice(THINGS) if r.random() < .7 else f"{self.draw.word()} {r.choice(['code', 'name', 'number', 'date'])}"
            return key, "the " + key, "the " + key
        if k < .95:
            key = f"{self.draw.person()}'s {r.choice(['birthday', 'phone number', 'email', 'room', 'address', 'car', 'favourite food'])}"
            return key, key, key
        key = self.draw.word()
        return key, "my " + key, "your " + key

    def _saved(self, key):
        return {"saved": True, "key": key} if self.r.random() < .8 else {"key": key, "saved": True}

    def _found(self, key, value):
        if value is None:
            return {"found": False, "key": key} if self.r.random() < .9 else {"key": key, "found": False}
        return {"found": True, "key": key, "value": value}

    def remember(self):
        return self.intents.remember() if self.r.random() < BANK_SHARE else self._remember()

    def _remember(self):
        r = self.r
        if r.random() < .2:
            intent, key, value, answer = r.choice([
                ("save_name", "name", self.draw.person(), "your name is {}"), ("save_home", "home town", self.draw.one(PLACES), "you live in {}"),
                ("save_like", "likes", self.draw.words(1, 2), "you like {}")])
            request, answer = self.phrase(intent, v=value), f"I will remember that {answer.format(value)}."
        else:
            key, mine, yours = self._key()
            value = fact(self.draw, key)
            request, answer = self.phrase("save", k=mine, v=value), f"I will remember that {yours} is {value}."
        return in_turn(request, [("remember", {"key": key, "value": value}, self._saved(key))], answer, [value])

    def recall(self):
        return self.intents.recall() if self.r.random() < BANK_SHARE else self._recall()

    def _recall(self):
        r = self.r
        if r.random() < .2:
            intent, key, value, answer, none = r.choice([
                ("recall_name", "name", self.draw.person(), "Your name is {}.", "your name"),
                ("recall_home", "home town", self.draw.one(PLACES), "You live in {}.", "your home town"),
                ("recall_like", "likes", self.draw.words(1, 2), "You like {}.", "what you like")])
            request = self.phrase(intent)
        else:
            key, mine, yours = self._key()
            value = fact(self.draw, key)
            request, answer, none = self.phrase("recall", k=mine, b=key), yours[0].upper() + yours[1:] + " is {}.", yours
        if r.random() < .25:
            value, answer = None, f"I have nothing saved about {none}."
        else:
            answer = answer.format(value)
        return in_turn(request, [("recall", {"key": key}, self._found(key, value))], answer, [value or "nothing"])

    # a call that needs what an earlier one gave -------------------------------------------------------------------

    def several(self):
        return self.intents.chain() if self.r.random() < .5 else self.chains.any()
