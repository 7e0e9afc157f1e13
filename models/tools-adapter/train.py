"""Trains the tool-calling LoRA adapter of SmolLM2-135M-Instruct and writes it as GGUF.

    python train.py BASE.gguf --work DIR --out adapter.gguf --steps 600

Only what the assistant says counts for the loss. It resumes from DIR if that holds a checkpoint, and writes the
adapter there now and then, so that it can be used before the end. The same arguments give the same data in the same
order; with fewer --steps than before, a resumed training comes down from its learning rate earlier.
"""
import argparse
import math
import time
from pathlib import Path

import torch
import torch.nn.functional as F

import corpus
from training import gguf_files, process
from training.batches import Stream

RANK, ALPHA = 16, 32
CONTEXT = 2048
FIRST_WEIGHT = 5.0              # of a message's first token, which decides between a call and an answer
NAME, BASE = "writ tool calls for SmolLM2-135M-Instruct", "SmolLM2-135M-Instruct"


class Training:
    def __init__(self, a):
        self.a, self.step, self.tokens, self.said, self.conversations, self.cpu = a, 0, 0, 0, 0, 0.0
        a.work.mkdir(parents=True, exist_ok=True)
        self.network, tokenizer = gguf_files.read_model(a.base, torch.bfloat16, CONTEXT)
        self.adapters = self.network.add_lora(RANK, ALPHA)
        self.parameters = [p for lora in self.adapters.values() for p in (lora.a, lora.b)]
        self.optimizer = torch.optim.AdamW(self.parameters, lr=a.rate, betas=(.9, .99), weight_decay=0)
        self.stream = Stream(tokenizer, lambda seed: corpus.group(a.first_group + seed, size=a.group), budget=a.budget)
        if a.init:
            gguf_files.read_adapter(a.init, self.adapters, self.network.config)
        self.checkpoint = a.work / "checkpoint.pt"
        if self.checkpoint.exists():
            state = torch.load(self.checkpoint, weights_only=True)
            for p, value in zip(self.parameters, state["parameters"], strict=True):
                p.data.copy_(value)
            self.optimizer.load_state_dict(state["optimizer"])
            self.stream.place = state["place"]
            self.step, self.tokens, self.said, self.conversations, self.cpu = state["counts"]

    def save(self):
        process.save(str(self.checkpoint), {
            "parameters": [p.data for p in self.parameters], "optimizer": self.optimizer.state_dict(),
            "place": self.stream.place,
            "counts": (self.step, self.tokens, self.said, self.conversations, self.cpu + time.process_time())})

    def export(self, path):
        gguf_files.write_adapter(str(path), self.adapters, self.network.config, ALPHA, NAME, BASE)

    def rate(self):
        """Warm-up over 10 steps, then a cosine down to a twentieth."""
        return self.a.rate * min(1, (self.step + 1) / 10) * (.05 + .95 * .5 * (1 + math.cos(math.pi * self.step / self.a.steps)))

    def run(self):
        average, began = None, time.time()
        for prefix, ids, wanted in self.stream:
            if self.step >= self.a.steps:
                break
            hidden = self.network.hidden(ids[:, :-1], prefix)
            logits = self.network.logits(hidden[wanted[:, 1:]])
            weight = torch.ones(wanted.shape).masked_fill(wanted & ~F.pad(wanted, (1, -1)), FIRST_WEIGHT)[:, 1:][wanted[:, 1:]]
            loss = (weight * F.cross_entropy(logits.float(), ids[:, 1:][wanted[:, 1:]], reduction="none")).sum() / weight.sum()
            loss.backward()
            for g in self.optimizer.param_groups:
                g["lr"] = self.rate()
            torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
            self.optimizer.step()
            self.optimizer.zero_grad()
            self.step += 1
            self.tokens += ids.numel() + len(prefix)
            self.said += int(wanted.sum())
            self.conversations += len(ids)
            average = loss.item() if average is None else .9 * average + .1 * loss.item()
            if self.step % 5 == 0:
                print(f"step {self.step}/{self.a.steps} t={time.time() - began:.0f}s cpu={self.cpu + time.process_time():.0f}s "
                      f"conversations={self.conversations} tokens={self.tokens} of the assistant={self.said} loss={average:.3f}",
                      flush=True)
            if self.step % self.a.save_every == 0:
                self.save()
                self.export(self.a.work / "adapter.gguf")
        self.save()
        self.export(self.a.out)
        print(f"{self.a.out}: {Path(self.a.out).stat().st_size} bytes", flush=True)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("base", help="SmolLM2-135M-Instruct as GGUF")
    ap.add_argument("--work", type=Path, required=True, help="folder for the checkpoint and the adapter on the way")
    ap.add_argument("--out", default=str(Path(__file__).resolve().parent / "adapter.gguf"))
    ap.add_argument("--steps", type=int, default=600)
    ap.add_argument("--rate", type=float, default=2e-3)
    ap.add_argument("--budget", type=int, default=900, help="tokens of a batch, without its prefix")
    ap.add_argument("--group", type=int, default=24, help="conversations that share a prefix, for the built-in tools")
    ap.add_argument("--save-every", type=int, default=50, help="steps")
    ap.add_argument("--first-group", type=int, default=0, help="another number gives other conversations")
    ap.add_argument("--init", help="go on from this adapter")
    a = ap.parse_args()
    process.settle()
    Training(a).run()


if __name__ == "__main__":
    main()
