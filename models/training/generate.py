"""Greedy generation with kept keys and values, one sequence at a time: for looking at a model, not for serving it."""
import torch
import torch.nn.functional as F

from .network import rotate


class Cache:
    def __init__(self, network):
        self.network, self.length, self.kept = network, 0, [None] * len(network.blocks)

    def extend(self, ids):
        """Computes some more tokens. -> logits after the last one"""
        net = self.network
        x = net.embedding(torch.tensor(ids))
        place = torch.arange(self.length, self.length + len(ids))
        cos, sin = net.cos[place, None], net.sin[place, None]
        allowed = torch.ones(len(ids), self.length + len(ids), dtype=torch.bool).tril(self.length)
        for i, block in enumerate(net.blocks):
            y = block.attn_norm(x)
            q = rotate(block.q(y).view(-1, block.heads, block.size), cos, sin).transpose(0, 1)[None]
            k = rotate(block.k(y).view(-1, block.kv, block.size), cos, sin).transpose(0, 1)[None]
            v = block.v(y).view(-1, block.kv, block.size).transpose(0, 1)[None]
            if self.kept[i]:
                k, v = torch.cat((self.kept[i][0], k), 2), torch.cat((self.kept[i][1], v), 2)
            self.kept[i] = k, v
            x = x + block.o(block._attention(q, k, v, allowed))
            y = block.ffn_norm(x)
            x = x + block.down(F.silu(block.gate(y)) * block.up(y))
        self.length += len(ids)
        return net.logits(net.norm(x[-1]))


@torch.no_grad()
def answer(network, tokenizer, prompt, limit=120):
    """What the model says after the prompt, up to <|im_end|> or the limit of tokens."""
    cache, said, end = Cache(network), [], tokenizer.token_to_id("<|im_end|>")
    logits = cache.extend(tokenizer.encode(prompt, add_special_tokens=False).ids)
    while len(said) < limit and (token := int(logits.argmax())) != end:
        said.append(token)
        logits = cache.extend([token])
    return tokenizer.decode(said, skip_special_tokens=False)
