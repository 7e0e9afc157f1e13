"""Requests in the words of phrases.py, with the frames, case and marks people use."""
import phrases

HELD = 5                        # every so many-th pattern is kept for validation


class Speech:
    def __init__(self, draw):
        self.r, self.checking = draw.rng, draw.checking

    def pick(self, wordings, every=HELD):
        """One of the wordings that are for training, or of those that are for validation."""
        mine = [w for i, w in enumerate(wordings) if (i % every == every - 1) == self.checking]
        mine = mine or wordings
        weights = [w.get("weight", 1) if isinstance(w, dict) else 1 for w in mine]
        return self.r.choices(mine, weights)[0] if any(w != 1 for w in weights) else self.r.choice(mine)

    def phrase(self, intent, **slots):
        pattern = self.pick(phrases.PATTERNS[intent])
        imperative, text = pattern.startswith("!"), pattern.lstrip("!").format(**slots)
        if imperative:
            text = self.r.choice(phrases.FRAMES + phrases.FRAMES_HELD * self.checking).format(text)
        elif intent not in phrases.REPLIES:
            text = self.r.choice(phrases.LEADS + phrases.LEADS_HELD * self.checking) + text
        return self.marked(text)

    def marked(self, text):
        """Mostly a capital first; sometimes the last mark is missing, or one too many."""
        k = self.r.random()
        if k < .6:
            text = text[0].upper() + text[1:]
        if .55 < k < .68 and text[-1] in "?.":
            text = text[:-1]
        elif k > .9 and text[-1] not in "?.!":
            text += self.r.choice([".", "!"])
        return text
