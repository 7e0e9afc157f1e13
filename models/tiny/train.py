"""Trains writ-tiny from scratch and writes it as GGUF.

    python train.py --work DIR --out writ-tiny.gguf --steps 500

It resumes from DIR if that holds a checkpoint. `--export-only` writes the GGUF of the
checkpoint as it is.
"""
import argparse
import json
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer

MODELS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(MODELS), str(MODELS / "tools-adapter")]

import corpus  # noqa: E402
from training import chat, gguf_files, process, tokenizer as tokenizers  # noqa: E402
from training.batches import Stream, encode  # noqa: E402
from training.network import Config, Network  # noqa: E402

VOCABULARY = 2048
CONFIG = Config(vocab=VOCABULARY, dim=192, layers=6, heads=6, kv_heads=3, ffn=448, context=4096)
GROUP = 32                      # conversations that share a prefix
RATE = 0.02                     # of Muon at its peak; AdamW's is 0.15 of it


def learn_tokenizer(groups=500):
    """Its texts are the corpus without the special tokens."""
    def texts():
        for seed in range(groups):
            group = corpus.group(seed, size=8)
            for i, messages in enumerate(group["conversations"]):
                prefix, cut = chat.pieces(group["system"], group["tools"], messages)
                text = prefix * (not i) + "".join(t for t, _ in cut)
                for special in tokenizers.SPECIAL:
                    text = text.replace(special, " ")
                yield text
    return tokenizers.learn(texts(), VOCABULARY)


def orthogonal(g, steps=5):
    """Newton-Schulz iteration of the Muon optimizer."""
    x = g if g.shape[0] <= g.shape[1] else g.T
    x = x / (x.norm() + 1e-7)
    for _ in range(steps):
        a = x @ x.T
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return x if g.shape[0] <= g.shape[1] else x.T


class Muon:
    """Momentum, orthogonalised: for the matrices of the blocks. Learns several times as fast as AdamW here."""

    def __init__(self, parameters, momentum=0.95, decay=0.01):
        self.parameters, self.momentum, self.decay = parameters, momentum, decay
        self.buffers = [torch.zeros_like(p) for p in parameters]

    @torch.no_grad()
    def step(self, rate):
        for p, b in zip(self.parameters, self.buffers):
            b.lerp_(p.grad, 1 - self.momentum)
            update = orthogonal(p.grad.lerp(b, self.momentum))
            p.mul_(1 - rate * self.decay)
            p.add_(update, alpha=-rate * max(1, p.shape[0] / p.shape[1]) ** .5)
            p.grad = None


class Training:
    def __init__(self, work, steps):
        self.work, self.steps, self.step, self.tokens, self.cpu = work, steps, 0, 0, 0.0
        work.mkdir(parents=True, exist_ok=True)
        file = work / "tokenizer.json"
        if not file.exists():
            learn_tokenizer().save(str(file))
        self.file, self.tokenizer = file, Tokenizer.from_file(str(file))
        torch.manual_seed(1)
        self.network = Network(CONFIG).initialise()
        named = list(self.network.named_parameters())
        self.muon = Muon([p for n, p in named if n.startswith("blocks") and p.ndim == 2])
        self.adam = torch.optim.AdamW([p for n, p in named if not (n.startswith("blocks") and p.ndim == 2)],
                                      lr=0, betas=(.9, .95), weight_decay=0)
        self.stream = Stream(self.tokenizer, lambda seed: corpus.group(seed, size=GROUP), budget=4000)
        checkpoint = work / "checkpoint.pt"
        if checkpoint.exists():
            state = torch.load(checkpoint, weights_only=True)
            self.network.load_state_dict(state["network"])
            self.muon.buffers, self.stream.place = state["muon"], state["place"]
            self.adam.load_state_dict(state["adam"])
            self.step, self.tokens, self.cpu = state["step"], state["tokens"], state["cpu"]

    def save(self):
        process.save(str(self.work / "checkpoint.pt"), {
            "step": self.step, "tokens": self.tokens, "cpu": self.cpu + time.process_time(),
            "network": self.network.state_dict(), "muon": self.muon.buffers, "adam": self.adam.state_dict(),
            "place": self.stream.place})

    def run(self):
        average = None
        for prefix, ids, wanted in self.stream:
            if self.step >= self.steps:
                break
            with torch.autocast("cpu", torch.bfloat16):
                hidden = self.network.hidden(ids[:, :-1], prefix)
                logits = self.network.logits(hidden[wanted[:, 1:]])
            loss = F.cross_entropy(logits.float(), ids[:, 1:][wanted[:, 1:]])
            loss.backward()
            left = 1 - self.step / self.steps
            rate = RATE * min(1, (self.step + 1) / 20) * min(1, left / .45)
            self.muon.step(rate)
            for g in self.adam.param_groups:
                g["lr"] = 0.15 * rate
            self.adam.step()
            self.adam.zero_grad()
            self.step, self.tokens = self.step + 1, self.tokens + ids.numel() + len(prefix)
            average = loss.item() if average is None else .95 * average + .05 * loss.item()
            if self.step % 20 == 0:
                print(f"step {self.step}/{self.steps} tokens={self.tokens} cpu={self.cpu + time.process_time():.0f}s "
                      f"loss={average:.3f}", flush=True)
            if self.step % 100 == 0:
                self.save()
        self.save()

    def export(self, path):
        description = json.loads(self.file.read_text(encoding="utf-8"))["model"]
        tokens = [t for t, _ in sorted(description["vocab"].items(), key=lambda item: item[1])]
        merges = [m if isinstance(m, str) else " ".join(m) for m in description["merges"]]
        gguf_files.write_model(path, self.network, tokens, merges, chat.TEMPLATE_FILE.read_text(encoding="utf-8"), "writ-tiny",
                               "Fixture for tests: right shapes, invented values. Trained from scratch on synthetic conversations.")
        print(f"{path}: {Path(path).stat().st_size} bytes, "
              f"{sum(p.numel() for p in self.network.parameters())} parameters, step {self.step}", flush=True)

    @torch.no_grad()
    def show(self, count=8):
        """Prints what it says greedily to the first request of some unseen conversations."""
        for seed in range(count):
            prefix, rows = encode(self.tokenizer, corpus.group(seed, "phrasings", 1))
            ids = rows[0][0][:rows[0][1].index(True)]
            start = len(ids)
            while len(ids) < start + 60 and ids[-1] != self.tokenizer.token_to_id("<|im_end|>"):
                hidden = self.network.hidden(torch.tensor([ids]), torch.tensor(prefix))
                ids.append(int(self.network.logits(hidden[0, -1]).argmax()))
            print(self.tokenizer.decode(ids, skip_special_tokens=False).replace("\n", "\\n"), flush=True)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--work", type=Path, required=True, help="folder for tokenizer and checkpoint")
    ap.add_argument("--out", default=str(MODELS / "tiny" / "writ-tiny.gguf"))
    ap.add_argument("--steps", type=int, default=500)
    ap.add_argument("--export-only", action="store_true")
    ap.add_argument("--show", action="store_true", help="print some answers at the end")
    a = ap.parse_args()
    process.settle()
    training = Training(a.work, a.steps)
    if not a.export_only:
        training.run()
    training.export(a.out)
    if a.show:
        training.show()


if __name__ == "__main__":
    main()
