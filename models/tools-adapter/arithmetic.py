"""Values of arithmetic expressions, as the product's calculator gives them (src/tools/arithmetic.cc)."""
import re

TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d+)?)|(sqrt|abs|round|of|[-+*/^()%]))")


class _Parser:
    def __init__(self, text):
        self.tokens, at = [], 0
        while at < len(text.rstrip()):
            match = TOKEN.match(text, at)
            if not match:
                raise ValueError(f"no expression: {text!r}")
            self.tokens.append(match[1] or match[2])
            at = match.end()
        self.at = 0

    def take(self, *options):
        if self.at < len(self.tokens) and self.tokens[self.at] in options:
            self.at += 1
            return self.tokens[self.at - 1]
        return None

    def sum(self):
        left = self.product()
        while op := self.take("+", "-"):
            right = self.product()
            left = left + right if op == "+" else left - right
        return left

    def product(self):
        left = self.unary()
        while op := self.take("*", "/", "of"):
            right = self.unary()
            left = left / right if op == "/" else left * right
        return left

    def unary(self):
        if self.take("-"):
            return -self.unary()
        base = self.primary()
        while self.take("%"):
            base /= 100
        return base ** self.unary() if self.take("^") else base

    def primary(self):
        if self.take("("):
            value = self.sum()
            if not self.take(")"):
                raise ValueError("expected )")
            return value
        if name := self.take("sqrt", "abs", "round"):
            value = self.primary()
            return {"sqrt": lambda v: v ** .5, "abs": abs, "round": round}[name](value)
        self.at += 1
        return float(self.tokens[self.at - 1])


def evaluate(expression):
    """-> the text of the value. Errors: ValueError, ZeroDivisionError."""
    parser = _Parser(expression)
    value = parser.sum()
    if parser.at != len(parser.tokens):
        raise ValueError(f"more than an expression: {expression!r}")
    return written(value)


def written(value):
    """A number as the calculator prints it: at most 15 significant digits, no trailing zeros."""
    if abs(value) < 1e15 and value == int(value):
        return str(int(value))
    return f"{float(value):.15g}"
