"""Measures an adapter on held-out conversations with PyTorch, or asks it questions.

    python validate.py BASE.gguf adapter.gguf --groups 8
    python validate.py BASE.gguf adapter.gguf --ask "What is 17% of 2340?" "What time is it in Tokyo?"

A message is right if every token of it is the arg-max after the right history, that is if greedy decoding writes it
letter by letter. Other good wordings count as wrong. This is a check of the training: the product runs llama.cpp on the
quantised base and adds a grammar.
"""
import argparse
import time
from collections import defaultdict

import torch

import builtin
import corpus
from training import chat, gguf_files, process
from training.batches import encode, pad
from training.generate import answer
from train import ALPHA, CONTEXT, RANK

FIRST = 10_000_000              # groups of the training begin at 0


@torch.no_grad()
def exact(network, prefix, rows):
    """For each row: whether each of the assistant's messages is exactly what greedy decoding would write."""
    prefix, ids, wanted = pad(prefix, rows)
    hidden = network.hidden(ids[:, :-1], prefix)
    mask = wanted[:, 1:]
    hit = torch.ones(mask.shape, dtype=torch.bool)
    hit[mask] = network.logits(hidden[mask]).argmax(-1) == ids[:, 1:][mask]
    for row, of in zip(hit, mask):
        verdicts, good, inside = [], True, False
        for h, w in zip(row.tolist() + [True], of.tolist() + [False]):
            if w:
                good, inside = (good and h if inside else h), True
            elif inside:
                verdicts.append(good)
                inside = False
        yield verdicts


def history(group, messages, index):
    """The prompt for the message at the index, and the message."""
    head = [{"role": "system", "content": group["system"]}]
    return chat.render(head + messages[:index], group["tools"], prompt=True), messages[index]


def measure(network, tokenizer, groups, size, show, only):
    count, seed, shown = defaultdict(lambda: [0, 0]), FIRST, 0
    while groups:
        group, seed = corpus.group(seed, True, size), seed + 1
        ours = group["tools"] == builtin.TOOLS
        if only and ours != (only == "builtin"):
            continue
        groups -= 1
        prefix, rows = encode(tokenizer, group)
        for messages, verdicts in zip(group["conversations"], exact(network, prefix, rows)):
            said = [i for i, m in enumerate(messages) if m["role"] == "assistant" and not m.get("context")]
            for i, good in zip(said, verdicts, strict=True):
                for key in (messages[i]["kind"], "all"):
                    count[key][0] += good
                    count[key][1] += 1
                if not good and shown < show:
                    prompt, wanted = history(group, messages, i)
                    shown += 1
                    print(f"  asked {prompt.rsplit('<|im_start|>', 2)[1]!r}\n   want {chat.render([wanted]).split('assistant' + chr(10))[-1]!r}\n"
                          f"    got {answer(network, tokenizer, prompt)!r}", flush=True)
    print(only or "all", "groups:", ", ".join(f"{k} {h}/{n} ({100 * h / n:.0f} %)" for k, (h, n) in sorted(count.items())), flush=True)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("base")
    ap.add_argument("adapter")
    ap.add_argument("--groups", type=int, default=8)
    ap.add_argument("--size", type=int, default=12, help="conversations in a group")
    ap.add_argument("--only", choices=("builtin", "others"), help="only groups with the default tools, or only without")
    ap.add_argument("--show", type=int, default=0, help="wrong messages to print, with what was said instead")
    ap.add_argument("--ask", nargs="+", help="questions for the default capsule instead")
    a = ap.parse_args()
    process.settle()
    network, tokenizer = gguf_files.read_model(a.base, torch.bfloat16, CONTEXT)
    gguf_files.read_adapter(a.adapter, network.add_lora(RANK, ALPHA), network.config)
    head = [{"role": "system", "content": builtin.SYSTEM}]
    for question in a.ask or []:
        prompt = chat.render(head + [{"role": "user", "content": question}], builtin.TOOLS, prompt=True)
        print(f"{question}\n    {answer(network, tokenizer, prompt)}", flush=True)
    if not a.ask:
        measure(network, tokenizer, a.groups, a.size, a.show, a.only)
    print(f"{time.process_time():.0f} s of CPU")


if __name__ == "__main__":
    main()
