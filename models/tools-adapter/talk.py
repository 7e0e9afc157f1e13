"""Requests that no tool is needed for or that no tool fits, and how failures are told."""
import phrases
from bank import HELD_PHRASING, sections
from intents import Scene

# The third to fifth are what the template says when a client sends no system message.
SYSTEMS = ["You are {me}.", "You are {me}, a helpful assistant.", "You are Writ, a helpful assistant.", "You are Writ, a helpful assistant.",
           "You are Writ, a helpful assistant.", "Your name is {me}. Answer briefly.", "You are a helpful assistant.",
           "You are a helpful assistant.", "You are a helpful assistant with access to tools.", "You are an assistant. Use the tools when needed.",
           "You are {me}, a helpful assistant. Use a tool when it helps, and answer from its result.",
           "You are {me}, a helpful assistant. Use a tool when it helps, and answer from its result.",
           "Help the user. Call a function if one fits, otherwise answer yourself.", "You are {me}, the assistant of our team. Be short and exact."]
NO_TOOL = ["Sorry, I can't do that: I have no tool for it.", "I have no tool for that, so I can't do it."]
TALK = sections("talk")
KNOWN = [e for part in ("knowledge", "no_tool_needed") for e in TALK[part]]


class Talk:
    def __init__(self, draw, speech):
        self.r, self.draw, self.speech = draw.rng, draw, speech

    def _pick(self, options):
        return self.speech.pick(options, HELD_PHRASING)

    def _say(self, options):
        """One of some good answers, mostly one of the first: fewer forms are learnt better."""
        return self.r.choice(options[:4] if self.r.random() < .7 else options)

    def _filled(self, text, **known):
        scene = Scene(self.draw, {})
        return scene.text(text.replace("{act}", known.get("act", "")).replace("{me}", known.get("me", "")))

    def system(self, me):
        return self.r.choice(SYSTEMS).format(me=me)

    def no_tool(self):
        return self.r.choice(NO_TOOL)

    def failure(self, denied):
        """-> (what the model is given, what it says, what that must contain)"""
        r = self.r
        if denied:
            code, message = "denied", self._pick(TALK["denials"] + phrases.DENIALS)
        else:
            entry = self._pick(TALK["errors"])
            code, message = (entry["error"], entry["message"]) if r.random() < .7 else r.choice(phrases.ERRORS).split(" ", 1)
        said = message.rstrip(".")
        if r.random() < .25:
            message = message[0].upper() + message[1:] + "."
        told = self._say(TALK["denial_answers" if denied else "error_answers"])
        return {"error": code, "message": message}, told.replace("{message}", said), [said]

    def refusal(self, fits):
        """A request for an act that no tool on offer does. fits(act): whether one might. -> (request, answer)"""
        for _ in range(30):
            entry = self.r.choice(TALK["no_tool_fits"])
            if not fits(entry["act"]):
                answer = self.r.choice(TALK["no_tool_fits_answers"][:3] if self.r.random() < .8 else TALK["no_tool_fits_answers"])
                return self._filled(self._pick(entry["say"])), self._filled(answer, act=entry["act"])
        return None

    def small(self, names, me):
        """Small talk. -> (request, answer)"""
        r, draw = self.r, self.draw
        if r.random() < .75:
            entry = r.choice(TALK["small_talk"])
            return self._filled(self._pick(entry["say"])), self._filled(self._say(entry["answers"]), me=me)
        k = r.choice(["hello", "thanks", "bye", "howare", "who", "cando", "feel", "tell_name"])
        name = draw.person()
        if k == "cando":
            answer = f"I can use these tools: {', '.join(names)}." if names else "I have no tools here, but I can chat a little."
        else:
            answer = phrases.REPLIES[k].format(me=me, v=name)
        return self.speech.phrase(k, v=name, w=r.choice("tired happy sad great busy long good bad sunny rainy".split())), answer

    def knowledge(self):
        r, draw = self.r, self.draw
        k = r.random()
        if k < .7:
            entry = r.choice(KNOWN)
            return self._filled(self._pick(entry["say"])), self._filled(entry["answer"])
        if k < .76:
            country, _, city = draw.one(phrases.CAPITALS).partition(" ")
            country, city = ("New Delhi" in city and ("India", "New Delhi")) or (country, city)
            return self.speech.marked(phrases.CAPITAL.format(c=country)), f"The capital of {country} is {city}."
        question, _, answer = draw.one(phrases.KNOWLEDGE + phrases.OPEN).partition("=")
        return self.speech.marked(question), answer

    def any(self, names, me):
        return self.small(names, me) if self.r.random() < .35 else self.knowledge()
