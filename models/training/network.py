"""A llama-architecture decoder: RMSNorm, rotary positions, grouped-query attention, SwiGLU, tied embeddings.

It computes a prefix that several sequences share once per batch, with gradients through it. The system block with its
tools is most of a real prompt and the same in most conversations, so this saves more than half of the work.
"""
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass
class Config:
    vocab: int
    dim: int
    layers: int
    heads: int
    kv_heads: int
    ffn: int
    context: int
    rope_base: float = 10000.0
    eps: float = 1e-5


class Lora(nn.Module):
    """A frozen matrix plus a trainable one of low rank."""

    def __init__(self, base, rank, alpha):
        super().__init__()
        self.base, self.scale = base, alpha / rank
        self.a = nn.Parameter(torch.randn(rank, base.in_features) * base.in_features ** -0.5)
        self.b = nn.Parameter(torch.zeros(base.out_features, rank))

    def forward(self, x):
        return self.base(x) + F.linear(F.linear(x, self.a.to(x.dtype)), (self.b * self.scale).to(x.dtype))


class Block(nn.Module):
    MATRICES = {"attn_q": "q", "attn_k": "k", "attn_v": "v", "attn_output": "o",
                "ffn_gate": "gate", "ffn_up": "up", "ffn_down": "down"}       # GGUF's name -> attribute

    def __init__(self, c):
        super().__init__()
        self.heads, self.kv, self.size = c.heads, c.kv_heads, c.dim // c.heads
        self.attn_norm, self.ffn_norm = nn.RMSNorm(c.dim, c.eps), nn.RMSNorm(c.dim, c.eps)

        def matrix(inputs, outputs):
            return nn.Linear(inputs, outputs, bias=False)
        self.q, self.o = matrix(c.dim, c.dim), matrix(c.dim, c.dim)
        self.k, self.v = matrix(c.dim, self.kv * self.size), matrix(c.dim, self.kv * self.size)
        self.gate, self.up, self.down = matrix(c.dim, c.ffn), matrix(c.dim, c.ffn), matrix(c.ffn, c.dim)

    def _split(self, x, heads, rows, at):
        """Rows of all positions -> the prefix's part (1, heads, P, size) and the sequences' (rows, heads, T, size)."""
        x = x.view(-1, heads, self.size)
        return x[:at].transpose(0, 1)[None], x[at:].view(rows, -1, heads, self.size).transpose(1, 2)

    def _attention(self, q, k, v, allowed):
        """The query heads of a group lie side by side, so that keys and values need not be repeated: on CPUs this
        is 1.4 times as fast as torch's scaled_dot_product_attention (whole training step)."""
        rows, heads, length, size = q.shape
        group = heads // self.kv
        scores = (q * size ** -0.5).reshape(rows, self.kv, group * length, size) @ k.transpose(2, 3)
        bias = torch.zeros(allowed.shape, dtype=q.dtype).masked_fill(~allowed, -1e9)
        shares = torch.softmax(scores.view(rows, self.kv, group, length, -1) + bias, -1)
        out = shares.view(rows, self.kv, group * length, -1) @ v
        return out.view(rows, heads, length, size).transpose(1, 2).reshape(-1, heads * size)

    def forward(self, x, cos, sin, rows, at, mask):
        y = self.attn_norm(x)
        q = rotate(self.q(y).view(-1, self.heads, self.size), cos, sin)
        k = rotate(self.k(y).view(-1, self.kv, self.size), cos, sin)
        (q0, q1), (k0, k1) = self._split(q, self.heads, rows, at), self._split(k, self.kv, rows, at)
        v0, v1 = self._split(self.v(y), self.kv, rows, at)
        if at:
            first = self._attention(q0, k0, v0, mask[0])
            k1, v1 = (torch.cat((p.expand(rows, -1, -1, -1), s), 2) for p, s in ((k0, k1), (v0, v1)))
            out = torch.cat((first, self._attention(q1, k1, v1, mask[1])))
        else:
            out = self._attention(q1, k1, v1, mask[1])
        x = x + self.o(out)
        y = self.ffn_norm(x)
        return x + self.down(F.silu(self.gate(y)) * self.up(y))


def rotate(x, cos, sin):
    """Rotary positions on the pairs (i, i + size/2); gguf_files reorders rows to the pairs llama.cpp rotates."""
    a, b = x.float().chunk(2, -1)
    return torch.cat((a * cos - b * sin, a * sin + b * cos), -1).to(x.dtype)


class Network(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.config = c
        self.embedding = nn.Embedding(c.vocab, c.dim)
        self.blocks = nn.ModuleList(Block(c) for _ in range(c.layers))
        self.norm = nn.RMSNorm(c.dim, c.eps)
        size = c.dim // c.heads
        inverse = c.rope_base ** (-torch.arange(0, size, 2, dtype=torch.float32) / size)
        angle = torch.outer(torch.arange(c.context, dtype=torch.float32), inverse)
        self.register_buffer("cos", angle.cos(), persistent=False)
        self.register_buffer("sin", angle.sin(), persistent=False)

    def initialise(self):
        """Random weights for training from scratch; residual branches start at zero."""
        nn.init.normal_(self.embedding.weight, std=0.02)
        for block in self.blocks:
            for m in (block.q, block.k, block.v, block.gate, block.up):
                nn.init.normal_(m.weight, std=m.in_features ** -0.5)
            nn.init.zeros_(block.o.weight)
            nn.init.zeros_(block.down.weight)
        return self

    def add_lora(self, rank, alpha, seed=1):
        """Freezes everything and puts an adapter beside every matrix. -> {GGUF name: Lora}"""
        torch.manual_seed(seed)
        self.requires_grad_(False)
        adapters = {}
        for i, block in enumerate(self.blocks):
            for name, attribute in Block.MATRICES.items():
                adapters[f"blk.{i}.{name}.weight"] = lora = Lora(getattr(block, attribute), rank, alpha)
                setattr(block, attribute, lora)
        return adapters

    def hidden(self, ids, prefix=None):
        """ids (rows, T) after a shared prefix (P) -> the last layer's normed states (rows, T, dim)."""
        rows, length = ids.shape
        at = 0 if prefix is None else len(prefix)
        x = self.embedding(ids.flatten() if not at else torch.cat((prefix, ids.flatten())))
        place = torch.cat((torch.arange(at), torch.arange(at, at + length).repeat(rows)))
        cos, sin = self.cos[place, None], self.sin[place, None]
        mask = (torch.ones(at, at, dtype=torch.bool).tril(), torch.ones(length, at + length, dtype=torch.bool).tril(at))
        for block in self.blocks:
            x = block(x, cos, sin, rows, at, mask)
        return self.norm(x[at:]).view(rows, length, -1)

    def logits(self, hidden):
        return F.linear(hidden, self.embedding.weight)
