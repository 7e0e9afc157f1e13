"""Trains the tool-calling LoRA adapter of SmolLM2-135M-Instruct and writes it as GGUF.

    python train.py BASE.gguf --work DIR --out adapter.gguf --minutes 240

Only what the assistant says counts for the loss. It resumes from DIR if that holds a checkpoint, and writes the
adapter there now and then, so that it can be used before the end. The same arguments give the same data in the same
order; how far it gets, and so the learning rate of a step, depends on the machine. Resumed, it goes on from the
progress it had made, in the minutes it is given now. With --processes 2 each process computes a batch of its own and they
average the gradients: on a busy machine two processes of a thread wait less for each other than two threads.
"""
import argparse
import math
import subprocess
import sys
import time
from pathlib import Path

import torch
import torch.distributed as dist
import torch.nn.functional as F

import corpus
from training import chat, gguf_files, process
from training.batches import Stream

RANK, ALPHA = 16, 32
CONTEXT = 2048
FIRST_WEIGHT = 5.0              # of a message's first token, which decides between a call and an answer
NAME, BASE = "writ tool calls for SmolLM2-135M-Instruct", "SmolLM2-135M-Instruct"


class Training:
    def __init__(self, a):
        self.a, self.step, self.tokens, self.said, self.conversations, self.cpu = a, 0, 0, 0, 0, 0.0
        self.progress = 0.0                     # of the whole training, 0..1
        self.spent = 0.0                        # seconds of CPU since the start or the resumption, of all processes
        a.work.mkdir(parents=True, exist_ok=True)
        self.network, tokenizer = gguf_files.read_model(a.base, torch.bfloat16, CONTEXT)
        self.adapters = self.network.add_lora(RANK, ALPHA)
        self.parameters = [p for lora in self.adapters.values() for p in (lora.a, lora.b)]
        self.optimizer = torch.optim.AdamW(self.parameters, lr=a.rate, betas=(.9, .99), weight_decay=0)
        self.stream = Stream(tokenizer, lambda seed: corpus.group(a.first_group + seed * a.processes + a.rank, size=a.group), budget=a.budget,
                             served=chat.served)
        if a.init:
            gguf_files.read_adapter(a.init, self.adapters, self.network.config)
        self.checkpoint = a.work / "checkpoint.pt"
        if self.checkpoint.exists():
            state = torch.load(self.checkpoint, weights_only=True)
            for p, value in zip(self.parameters, state["parameters"], strict=True):
                p.data.copy_(value)
            self.optimizer.load_state_dict(state["optimizer"])
            self.stream.place = state["places"][a.rank]
            self.step, self.tokens, self.said, self.conversations, self.cpu, self.progress = state["counts"]
        self.began, self.made = time.time(), self.progress

    def save(self):
        places = [None] * self.a.processes
        dist.all_gather_object(places, self.stream.place)
        if self.a.rank:
            return
        process.save(str(self.checkpoint), {
            "parameters": [p.data for p in self.parameters], "optimizer": self.optimizer.state_dict(), "places": places,
            "counts": (self.step, self.tokens, self.said, self.conversations, self.cpu + self.spent, self.progress)})

    def export(self, path):
        if self.a.rank == 0:
            gguf_files.write_adapter(str(path), self.adapters, self.network.config, ALPHA, NAME, BASE)

    def rate(self):
        """Warm-up over 10 steps; after half of the time a cosine down to a fiftieth."""
        falling = max(0.0, 2 * self.progress - 1)
        return self.a.rate * min(1, (self.step + 1) / 10) * (.02 + .98 * .5 * (1 + math.cos(math.pi * falling)))

    def shared(self, counts):
        """Averages the gradients and sums the counts over all processes. -> the counts; sets the common progress."""
        progress = self.made + (1 - self.made) * (time.time() - self.began) / 60 / self.a.minutes
        flat = torch.cat([p.grad.flatten() for p in self.parameters] + [torch.tensor([progress, *counts])])
        dist.all_reduce(flat)
        at = 0
        for p in self.parameters:
            p.grad.copy_(flat[at:at + p.numel()].view_as(p) / self.a.processes)
            at += p.numel()
        self.progress = float(flat[at]) / self.a.processes
        return flat[at + 1:].tolist()

    def run(self):
        average = None
        for prefix, ids, wanted in self.stream:
            hidden = self.network.hidden(ids[:, :-1], prefix)
            logits = self.network.logits(hidden[wanted[:, 1:]])
            weight = torch.ones(wanted.shape).masked_fill(wanted & ~F.pad(wanted, (1, -1)), FIRST_WEIGHT)[:, 1:][wanted[:, 1:]]
            loss = (weight * F.cross_entropy(logits.float(), ids[:, 1:][wanted[:, 1:]], reduction="none")).sum() / weight.sum()
            loss.backward()
            cpu = time.process_time()
            tokens, said, conversations, cpu, mean = self.shared([ids.numel() + len(prefix), wanted.sum(), len(ids), cpu, loss.detach()])
            for g in self.optimizer.param_groups:
                g["lr"] = self.rate()
            torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
            self.optimizer.step()
            self.optimizer.zero_grad()
            self.step += 1
            self.tokens, self.said, self.conversations = self.tokens + int(tokens), self.said + int(said), self.conversations + int(conversations)
            self.spent, mean = cpu, mean / self.a.processes
            average = mean if average is None else .9 * average + .1 * mean
            if self.step % 5 == 0 and self.a.rank == 0:
                print(f"step {self.step} {100 * self.progress:.0f}% t={time.time() - self.began:.0f}s cpu={self.cpu + cpu:.0f}s "
                      f"conversations={self.conversations} tokens={self.tokens} of the assistant={self.said} loss={average:.3f}",
                      flush=True)
            if self.step % self.a.save_every == 0:
                self.save()
                self.export(self.a.work / "adapter.gguf")
            if self.progress >= 1:
                break
        self.save()
        self.export(self.a.out)
        if self.a.rank == 0:
            print(f"{self.a.out}: {Path(self.a.out).stat().st_size} bytes", flush=True)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("base", help="SmolLM2-135M-Instruct as GGUF")
    ap.add_argument("--work", type=Path, required=True, help="folder for the checkpoint and the adapter on the way")
    ap.add_argument("--out", default=str(Path(__file__).resolve().parent / "adapter.gguf"))
    ap.add_argument("--minutes", type=float, default=240, help="until the end of the training")
    ap.add_argument("--rate", type=float, default=2e-3)
    ap.add_argument("--budget", type=int, default=1400, help="tokens of a batch, without its prefix")
    ap.add_argument("--group", type=int, default=24, help="conversations that share a prefix, for the built-in tools")
    ap.add_argument("--save-every", type=int, default=50, help="steps")
    ap.add_argument("--first-group", type=int, default=0, help="another number gives other conversations")
    ap.add_argument("--init", help="go on from this adapter")
    ap.add_argument("--processes", type=int, default=1)
    ap.add_argument("--rank", type=int, default=0, help="given to the other processes")
    a = ap.parse_args()
    process.settle()
    a.work.mkdir(parents=True, exist_ok=True)
    meeting = a.work / "meeting"
    if a.rank == 0:
        meeting.unlink(missing_ok=True)
    others = [subprocess.Popen([sys.executable, *sys.argv, "--rank", str(k)]) for k in range(1, a.processes if a.rank == 0 else 1)]
    dist.init_process_group("gloo", init_method=meeting.resolve().as_uri(), rank=a.rank, world_size=a.processes)
    Training(a).run()
    dist.destroy_process_group()
    sys.exit(max([other.wait() for other in others], default=0))


if __name__ == "__main__":
    main()
