"""Groups of conversations as tensors: the shared prefix once, the conversations padded to one length."""
import numpy as np
import torch

from . import chat


def encode(tokenizer, group, served=None):
    """-> (prefix ids, [(ids, is_target of each id), …])
    served(system, tools, messages): the ids that the product decodes. Errors: ValueError if ours are others."""
    def ids(text):
        return tokenizer.encode(text, add_special_tokens=False).ids
    prefix, rows = None, []
    for messages in group["conversations"]:
        prefix, cut = chat.pieces(group["system"], group["tools"], messages)
        row, wanted = [], []
        for text, is_target in cut:
            part = ids(text)
            row += part
            wanted += [is_target] * len(part)
        rows.append((row, wanted))
        if served and ids(prefix) + row != served(group["system"], group["tools"], messages):
            raise ValueError(f"not what the product decodes: {prefix + ''.join(text for text, _ in cut)}")
    return ids(prefix), rows


def pad(prefix, rows):
    """-> prefix (P), ids (rows, T), target mask (rows, T)"""
    length = max(len(row) for row, _ in rows)
    ids, wanted = torch.zeros(len(rows), length, dtype=torch.long), torch.zeros(len(rows), length, dtype=torch.bool)
    for i, (row, mask) in enumerate(rows):
        ids[i, :len(row)], wanted[i, :len(row)] = torch.tensor(row), torch.tensor(mask)
    return torch.tensor(prefix), ids, wanted


class Stream:
    """Endless batches in an order that depends on nothing but its arguments, so that a training can be resumed.

    A round is some groups, cut into batches of like length and shuffled. (round, index) is the place in the stream.
    """

    def __init__(self, tokenizer, make_group, groups=8, budget=1600, longest=1200, place=(0, 0), served=None):
        """budget: tokens of a batch without its prefix. longest: tokens of a conversation with its prefix.
        served: see encode()."""
        self.tokenizer, self.make_group, self.groups, self.served = tokenizer, make_group, groups, served
        self.budget, self.longest, self.place = budget, longest, tuple(place)

    def _round(self, number):
        batches = []
        for seed in range(number * self.groups, (number + 1) * self.groups):
            prefix, rows = encode(self.tokenizer, self.make_group(seed), self.served)
            rows = sorted((r for r in rows if len(prefix) + len(r[0]) <= self.longest), key=lambda r: len(r[0]))
            batch = []
            for row in rows:
                if batch and (len(batch) + 1) * len(row[0]) > self.budget:
                    batches.append((prefix, batch))
                    batch = []
                batch.append(row)
            if batch:
                batches.append((prefix, batch))
        np.random.default_rng(number).shuffle(order := list(range(len(batches))))
        return [batches[i] for i in order]

    def __iter__(self):
        number, index = self.place
        while True:
            batches = self._round(number)
            while index < len(batches):
                index += 1
                self.place = (number, index)
                yield pad(*batches[index - 1])
            number, index = number + 1, 0
