"""Tools other than the built-in ones: familiar kinds under many names, and invented ones, so that the model reads the
list of tools instead of learning four names by heart."""
from fractions import Fraction

from builtin import STRING, Builtin, decimal, function, in_turn
from everyday import anything
from values import WORDS

SKIES = "sunny cloudy rainy windy foggy snowy clear stormy".split()
VERBS = """open close start stop create delete update check list count print send move copy rename lock unlock
archive scan clean test build deploy restart publish approve reject assign measure paint order book cancel
inspect merge split sort filter export import resize rotate compress sign verify schedule pause resume""".split()
PARAMETERS = """id name city path amount count level color size title date mode user group host port label speed
limit owner key code text note priority target source room file tag width height price item""".split()

UNITS = [("km", "miles", ".62"), ("miles", "km", "1.61"), ("kg", "pounds", "2.2"), ("pounds", "kg", ".45"),
         ("meters", "feet", "3.28"), ("feet", "meters", ".3"), ("inches", "cm", "2.54"), ("cm", "inches", ".39"),
         ("hours", "minutes", "60"), ("days", "hours", "24"), ("tons", "kg", "1000")]


class Others:
    """Makes (tool, task function) pairs. draw: Values"""

    KINDS = ["calculator", "time", "weather", "convert", "save", "recall", "search", "read", "remind", "message"]

    def __init__(self, draw, speech):
        self.r, self.draw, self.phrase = draw.rng, draw, speech.phrase
        self.builtin = Builtin(draw, speech)

    @staticmethod
    def single(make):
        """A task of one call."""
        while sum(map(len, (task := make()).steps)) > 1:
            pass
        return task

    # names ------------------------------------------------------------------------------------------------------

    def _name(self, *familiar):
        """A tool's name: a familiar one, or one that is new."""
        r, draw = self.r, self.draw
        if r.random() < .5:
            return r.choice(familiar)

        def make():
            a = r.choice([r.choice(VERBS), draw.pseudo(), r.choice(WORDS)])
            b = r.choice([r.choice(WORDS), draw.pseudo()])
            return r.choice([f"{a}_{b}"] * 3 + [a + b.capitalize(), b, f"{a}-{b}"])
        return draw.drawn(make)

    def _parameters(self, *familiar):
        """One name for each of the tuples of familiar names, all different."""
        r, names = self.r, []
        for options in familiar:
            name = r.choice(options)
            if r.random() < .4 or name in names:
                name = self.draw.drawn(lambda: r.choice([self.draw.pseudo(), r.choice(WORDS),
                                                         f"{r.choice(WORDS)}_{r.choice(PARAMETERS)}"]))
            names.append(name)
        return names if len(set(names)) == len(names) else [o[0] for o in familiar]

    def _described(self, *texts):
        text = self.r.choice(texts)
        return self.r.choice([text, text[0].upper() + text[1:] + "."])

    # kinds ------------------------------------------------------------------------------------------------------

    def calculator(self):
        p, = self._parameters(("expression", "expr", "formula", "input"))
        tool = function(self._name("calc", "evaluate", "compute", "math"),
                        self._described("evaluate an arithmetic expression", "do arithmetic", "calculate a formula"), {p: STRING})

        def task():
            t = self.single(self.builtin.calculator)
            _, arguments, result = t.steps[0][0]
            return in_turn(t.request, [(tool["function"]["name"], {p: arguments["expression"]}, result)], t.answer, t.must)
        return tool, task

    def time(self):
        p, = self._parameters(("city", "place", "location"))
        tool = function(self._name("get_time", "world_clock", "time"),
                        self._described("get the current time in a city", "tell the local time of a place"), {p: STRING})

        def task():
            c = self.draw.city() if self.r.random() < .7 else self.draw.person()
            at = f"{self.r.randint(0, 23):02}:{self.r.randint(0, 59):02}"
            return in_turn(self.phrase("time", c=c), [(tool["function"]["name"], {p: c}, {"time": at})], f"It is {at} in {c}.", [at, c])
        return tool, task

    def weather(self):
        p, unit = self._parameters(("city", "place", "location"), ("unit", "scale"))
        properties = {p: STRING}
        if self.r.random() < .3:
            properties[unit] = {"type": "string", "enum": ["celsius", "fahrenheit"]}
        tool = function(self._name("weather", "get_weather", "forecast"),
                        self._described("weather of a city", "get the weather forecast", "current weather"), properties, [p])

        def task():
            c, d, sky = self.draw.city(), str(self.r.randint(-20, 40)), self.r.choice(SKIES)
            request, arguments = self.phrase("weather", c=c), {p: c}
            if unit in properties and self.r.random() < .4:
                arguments[unit] = self.r.choice(["celsius", "fahrenheit"])
                request = request.rstrip("?.!") + " in " + arguments[unit] + "?"
            return in_turn(request, [(tool["function"]["name"], arguments, {"sky": sky, "degrees": int(d)})],
                        f"It is {sky} and {d} degrees in {c}.", [sky, d, c])
        return tool, task

    def convert(self):
        v, a, b = self._parameters(("value", "amount", "number"), ("from", "source", "unit"), ("to", "target", "into"))
        tool = function(self._name("convert", "unit_convert", "convert_units", "units"),
                        self._described("convert units", "unit conversion", "convert a value between units"),
                        {v: {"type": "number"}, a: STRING, b: STRING})

        def task():
            x, y, k = self.r.choice(UNITS)
            n = self.draw.number(self.r.choice([1, 2, 3, 4]))
            result = decimal(Fraction(n) * Fraction(k))
            return in_turn(self.phrase("convert", n=n, a=x, b=y), [(tool["function"]["name"], {v: int(n), a: x, b: y}, {"result": result})],
                        f"{n} {x} is {result} {y}.", [result, n, y])
        return tool, task

    def save(self):
        k, v = self._parameters(("key", "name", "topic"), ("value", "content", "text"))
        tool = function(self._name("memory_save", "save_note", "store"),
                        self._described("remember a fact about the user", "save a note", "store something in memory"), {k: STRING, v: STRING})

        def task():
            t = self.single(self.builtin.remember)
            _, arguments, _ = t.steps[0][0]
            return in_turn(t.request, [(tool["function"]["name"], {k: arguments["key"], v: arguments["value"]}, {"ok": True})], t.answer, t.must)
        return tool, task

    def recall(self):
        k, = self._parameters(("key", "name", "topic"))
        tool = function(self._name("memory_get", "load_note", "lookup_fact"),
                        self._described("recall a fact about the user", "get a saved note", "load something from memory"), {k: STRING})

        def task():
            t = self.single(self.builtin.recall)
            _, arguments, result = t.steps[0][0]
            return in_turn(t.request, [(tool["function"]["name"], {k: arguments["key"]}, {"value": result.get("value")})], t.answer, t.must)
        return tool, task

    def search(self):
        p, limit = self._parameters(("query", "q", "text", "terms"), ("limit", "count"))
        properties = {p: STRING} | ({limit: {"type": "integer"}} if self.r.random() < .3 else {})
        tool = function(self._name("search", "lookup", "web_search", "find"),
                        self._described("search the web", "find information", "look things up"), properties, [p])

        def task():
            q = self.draw.words(1, 3)
            fact = f"{q} {self.r.choice(['is', 'was', 'has', 'needs'])} {self.draw.words(1, 3)}"
            return in_turn(self.phrase("search", q=q), [(tool["function"]["name"], {p: q}, {"text": fact})], f"I found this: {fact}.", [fact])
        return tool, task

    def read(self):
        p, = self._parameters(("path", "file", "filename"))
        tool = function(self._name("read_file", "file_read", "open_file", "cat"),
                        self._described("read a file", "show the contents of a file"), {p: STRING})

        def task():
            f, text = self.draw.path(), self.draw.words(2, 5)
            return in_turn(self.phrase("read", f=f), [(tool["function"]["name"], {p: f}, {"content": text})], f"The file says: {text}.", [text])
        return tool, task

    def remind(self):
        t, m = self._parameters(("text", "task", "note"), ("minutes", "delay", "after"))
        tool = function(self._name("remind", "set_reminder", "timer", "alarm"),
                        self._described("set a reminder", "remind the user later"), {t: STRING, m: {"type": "integer"}})

        def task():
            n, x = self.draw.number(self.r.choice([1, 2, 3])), self.draw.words(2, 3)
            return in_turn(self.phrase("remind", n=n, t=x), [(tool["function"]["name"], {t: x, m: int(n)}, {"ok": True})],
                        f"I will remind you to {x} in {n} minutes.", [x, n])
        return tool, task

    def message(self):
        a, b = self._parameters(("to", "recipient", "person"), ("text", "message", "body"))
        listed = self.r.random() < .2
        tool = function(self._name("send_message", "message", "notify", "text"),
                        self._described("send a message to a person", "write to somebody"),
                        {a: {"type": "array", "items": STRING} if listed else STRING, b: STRING})

        def task():
            p, x = self.draw.person(), self.draw.words(2, 4)
            return in_turn(self.phrase("message", p=p, t=x), [(tool["function"]["name"], {a: [p] if listed else p, b: x}, {"status": "sent"})],
                        f"I sent the message to {p}.", [p])
        return tool, task

    def generic(self):
        """A tool that exists nowhere else: only its description and its parameters' names say what to do."""
        r, draw = self.r, self.draw
        noun = draw.drawn(lambda: r.choice([r.choice(WORDS), draw.pseudo()]))
        verb = r.choice(VERBS)
        d = f"{verb} the {noun}"
        name = self._name(f"{verb}_{noun}", f"{verb}{noun.capitalize()}", f"{noun}_{verb}", noun)
        kinds = {}
        for p in self._parameters(*[PARAMETERS] * r.choice([0, 1, 1, 2, 2, 3])):
            kinds[p] = r.choice(["string", "string", "number", "integer", "boolean"])
        optional = [p for p in kinds if r.random() < .2]
        tool = function(name, self._described(d), {p: {"type": t} for p, t in kinds.items()}, [p for p in kinds if p not in optional])

        def task():
            def value(kind):
                return r.random() < .5 if kind == "boolean" else anything(draw) if kind == "string" else int(draw.number())
            given = {p: value(t) for p, t in kinds.items() if p not in optional or r.random() < .5}
            if given:
                form, glue = r.choice(["{} {}", "{} is {}", "{}={}", "{}: {}", "the {} {}"]), r.choice([", ", " and ", ", "])
                said = [(p, str(v).lower() if isinstance(v, bool) else v) for p, v in given.items()]
                r.shuffle(said)
                request = self.phrase("generic", d=d, tool=name, args=glue.join(form.format(p, v) for p, v in said))
            else:
                request = self.phrase("generic0", d=d, tool=name)
            i, w = draw.number(), anything(draw)
            result, answer, must = r.choice([({"status": "done"}, f"Done: {d}.", ["Done", noun]),
                                             ({"id": int(i)}, f"Done: {d}. The id is {i}.", [i]),
                                             ({"result": w}, f"The result is {w}.", [w])])
            return in_turn(request, [(name, given, result)], answer, must)
        return tool, task
