"""Tasks in which one built-in tool needs what another gave."""
from arithmetic import evaluate
from bank import HELD_PHRASING, Task
from everyday import AMOUNTS
from zones import COMMON, PLACES, ZONES

# What is done with a saved amount {n}, and the expression for it.
AMOUNT = [("double my {key}", "{n} * 2"), ("{p}% of my {key}", "{p}% of {n}"), ("half of my {key}", "{n} / 2"), ("my {key} plus {a}", "{n} + {a}"),
          ("my {key} minus {a}", "{n} - {a}"), ("my {key} times {k}", "{n} * {k}"), ("my {key} divided by {k}", "{n} / {k}"),
          ("a third of my {key}", "{n} / 3"), ("my {key} split between {k} people", "{n} / {k}"), ("my {key} for {k} months", "{n} * {k}"),
          ("my {key} with {p}% on top", "{n} + {p}% of {n}"), ("my {key} less {p}%", "{n} - {p}% of {n}"), ("a quarter of my {key}", "{n} / 4"),
          ("{a} more than my {key}", "{n} + {a}"), ("my {key} after paying {a}", "{n} - {a}")]
ASK_AMOUNT = ["what is {said}?", "how much is {said}?", "calculate {said}", "what's {said}?", "tell me {said}", "I'd like to know {said}", "{said}, please",
              "work out {said} for me", "can you tell me {said}?", "what does {said} come to?", "give me {said}", "you know my {key}: what is {said}?"]
SAVE_RESULT = ["calculate {e} and remember it as my {key}", "what is {e}? Save it as my {key}", "work out {e} and save the result as my {key}",
               "compute {e}, then store it under {key}", "my {key} is {e}. Calculate that and remember it.", "figure out {e} and keep the answer as {key}",
               "what's {e}? please note the result as my {key}", "{e} - save what comes out as {key}", "I need {e}; remember the result as my {key}",
               "get {e} and write it down as my {key}", "evaluate {e} and put it in your memory as {key}", "do {e} for me and remember the number as {key}"]
SAVE_NOW = ["remember the current {what} as my {key}", "save the {what} now as my {key}", "look at the clock and remember the {what} as my {key}",
            "note today's {what} as {key}", "what is the {what}? Keep it as my {key}", "store the present {what} under {key}", "put the {what} down as my {key}",
            "I want the {what} of right now saved as {key}", "my {key} is now, so save the {what}", "check the {what} and remember it as {key}",
            "please log the {what} as my {key}", "write the {what} into your memory as {key}"]
PLACE_KEYS = ["home town", "office", "hotel", "client's city", "favourite city", "parents' home", "destination", "branch office", "birthplace", "supplier's city",
              "next stop", "partner's city", "team's location", "warehouse", "conference city", "holiday destination"]
TIME_THERE = ["what time is it at my {key}?", "my {key}: what's the time there?", "what's the clock say at my {key} now?", "look up my {key} and tell me the time there",
              "time at my {key} please", "I saved my {key}. What time is it there at the moment?", "is it late at my {key}? I told you where it is", "how late is it at my {key}",
              "tell me the local time for my {key}", "which day is it at my {key}?", "can I call my {key} now, what time do they have?", "you know my {key}; what is the time over there?"]
COPY = ["save my {key} as {other} too", "copy my {key} to {other}", "my {other} is the same as my {key}, remember that", "look up my {key} and also save it as {other}",
        "take what you have as {key} and store it under {other}", "use my {key} as my {other} from now on", "remember my {key} under the name {other}",
        "what you saved as {key} should be saved as {other} as well", "put the same value under {other} that is under {key}", "duplicate {key} as {other}",
        "my new {other} equals my {key}. Please note it.", "get my {key} and remember it as my {other}"]
PERSON_KEYS = ["best friend", "boss", "neighbour", "dentist", "landlord", "mentor", "manager", "roommate", "doctor", "coach", "team lead", "accountant"]
PERSON_FACTS = ["birthday", "phone number", "email", "address", "favourite food", "room", "office", "car"]
TWO_RECALLS = ["who is my {key}, and what is that person's {fact}?", "look up my {key} and then that person's {fact}", "what is the {fact} of my {key}? You have the name as well",
               "I need the {fact} of my {key}; the name is in your memory", "find out who my {key} is and tell me their {fact}", "get me my {key}'s name first and then the {fact} saved for that name",
               "my {key}'s {fact}: look up the name, then the {fact}"]
YEARS = [("how many years is it until {y}?", "{y} - {now}", 1), ("I was born in {y}. How old do I get this year?", "{now} - {y}", -1),
         ("how many years ago was {y}?", "{now} - {y}", -1), ("years left until {y}, counted from now?", "{y} - {now}", 1),
         ("my house was built in {y}; how old is it now?", "{now} - {y}", -1), ("how long ago is {y}, in years", "{now} - {y}", -1),
         ("the loan runs until {y}, how many years from today's date?", "{y} - {now}", 1), ("a friend was born in {y}, what age this year", "{now} - {y}", -1),
         ("how old is a car from {y} today?", "{now} - {y}", -1), ("how far away is the year {y}", "{y} - {now}", 1),
         ("the company was founded in {y}. How many years does it exist?", "{now} - {y}", -1), ("it is valid until {y}; check the year and tell me how many years that is", "{y} - {now}", 1)]


class Chains:
    """draw: Values; intents: the bank's tasks"""

    def __init__(self, draw, intents, pick):
        self.draw, self.r, self.intents, self.pick = draw, draw.rng, intents, lambda options: pick(options, HELD_PHRASING)

    def any(self):
        return self.r.choice([self.saved_amount] * 4 + [self.save_result] * 3 + [self.save_now] * 2 + [self.time_there] * 3 + [self.copy] * 2
                             + [self.person] + [self.years] * 2)()

    def _task(self, request, calls, answer, must):
        return Task(request if self.r.random() < .4 else request[0].upper() + request[1:], [[c] for c in calls], answer, must)

    def _recalled(self, key, value):
        return "recall", {"key": key}, {"found": True, "key": key, "value": value}

    def _remembered(self, key, value):
        return "remember", {"key": key, "value": value}, {"saved": True, "key": key}

    def saved_amount(self):
        r, key = self.r, self.r.choice(AMOUNTS)
        said, e = self.pick(AMOUNT)
        while True:
            n = self.draw.number(r.choice([2, 3, 3, 4]))
            slots = dict(key=key, n=n, p=self.draw.number(r.choice([1, 2])), a=self.draw.number(2), k=self.draw.number(1))
            expression = e.format(**slots)
            result = evaluate(expression)
            if len(result) < 9 or r.random() < .05:
                break
        request = self.pick(ASK_AMOUNT).format(said=said.format(**slots), key=key)
        answer = r.choice([f"{said.format(**slots)} is {result}.".replace("my ", "your "), f"That is {result}.", f"Your {key} is {n}, so that is {result}."])
        return self._task(request, [self._recalled(key, n), ("calculator", {"expression": expression}, {"result": result})],
                          answer[0].upper() + answer[1:], [result])

    def save_result(self):
        key = self.r.choice(AMOUNTS + ["total", "result", "share", "answer", "sum", "number of tiles", "average", "monthly payment"])
        task = self.intents.calculator()
        (_, arguments, result), = task.steps[0]
        request = self.pick(SAVE_RESULT).format(e=arguments["expression"], key=key)
        value = result["result"]
        answer = self.r.choice([f"{arguments['expression']} is {value}. I saved it as your {key}.", f"It is {value}, and I saved it as {key}."])
        return self._task(request, [task.steps[0][0], self._remembered(key, value)], answer, [value])

    def save_now(self):
        r, now = self.r, self.intents.now()
        key = r.choice(["start", "arrival", "last login", "check-in", "start time", "departure", "first day", "lap time", "last backup", "delivery", "feeding time", "visit"])
        what = r.choice(["time", "date", "weekday", "time"])
        value = now[what]
        return self._task(self.pick(SAVE_NOW).format(what=what, key=key), [("clock", {}, now), self._remembered(key, value)],
                          r.choice([f"I saved {value} as your {key}.", f"I'll remember that your {key} is {value}."]), [value])

    def time_there(self):
        r, key = self.r, self.r.choice(PLACE_KEYS)
        place = self.draw.one(COMMON if r.random() < .5 else PLACES)
        now = self.intents.now(ZONES[place])
        request = self.pick(TIME_THERE).format(key=key)
        at = now["time"][:5]
        answer = f"It is {now['weekday']}, {at} in {place}." if "day" in request else r.choice([f"It is {at} in {place}.", f"Your {key} is in {place}, where it is {at}."])
        return self._task(request, [self._recalled(key, place), ("clock", {"timezone": ZONES[place]}, now)], answer, [at])

    def copy(self):
        scene_key, other = self.r.sample(["favourite colour", "door code", "wifi password", "budget", "rent", "hotel", "phone number", "address", "locker number", "desk",
                                          "nickname", "team name", "email", "emergency contact", "home town", "alarm code", "backup code", "pin", "work address", "goal"], 2)
        value = self.r.choice([self.draw.number, self.draw.code, self.draw.city, self.draw.person, self.draw.word])()
        return self._task(self.pick(COPY).format(key=scene_key, other=other), [self._recalled(scene_key, value), self._remembered(other, value)],
                          self.r.choice([f"I saved {value} as {other}.", f"Your {other} is now {value}, the same as your {scene_key}."]), [value])

    def person(self):
        key, fact = self.r.choice(PERSON_KEYS), self.r.choice(PERSON_FACTS)
        name = self.draw.person()
        value = {"birthday": self.draw.spoken_date, "phone number": self.draw.phone, "email": lambda: self.draw.kind("email").value, "address": self.draw.address}.get(
            fact, lambda: self.draw.one([self.draw.word(), self.draw.code()]))()
        return self._task(self.pick(TWO_RECALLS).format(key=key, fact=fact), [self._recalled(key, name), self._recalled(f"{name}'s {fact}", value)],
                          f"Your {key} is {name}; the {fact} is {value}.", [value])

    def years(self):
        now = self.intents.now()
        year = int(now["date"][:4])
        request, expression, direction = self.pick(YEARS)
        other = str(year + direction * self.r.choice([self.r.randint(2, 9), self.r.randint(10, 80)]))
        expression = expression.format(y=other, now=year)
        result = evaluate(expression)
        return self._task(request.format(y=other), [("clock", {}, now), ("calculator", {"expression": expression}, {"result": result})],
                          self.r.choice([f"It is {result} years.", f"That makes {result} years.", f"{result} years, because it is {year} now."]), [result])
