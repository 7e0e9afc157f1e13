"""Byte-level BPE as llama.cpp's pre-tokenizer "smollm" does it: read from a GGUF, or learnt from texts."""
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

# Special tokens of the model trained from scratch, in the order of their ids.
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|pad|>", "<tool_call>", "</tool_call>"]
CONTROL = SPECIAL[:4]           # never shown; the tool-call marks stay visible text


def _smollm():
    """Single digits, then GPT-2's pattern."""
    return pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True),
                                    pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])


def from_gguf(tokens, types, merges):
    """The tokenizer of a GGUF: token strings, token types (3 is control) and merges."""
    pairs = [tuple(m.split(" ")) for m in merges]
    tokenizer = Tokenizer(models.BPE(vocab={t: i for i, t in enumerate(tokens)}, merges=pairs))
    tokenizer.pre_tokenizer, tokenizer.decoder = _smollm(), decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False)
                                  for t, kind in zip(tokens, types) if kind in (3, 4)])
    return tokenizer


def learn(texts, size):
    """A new tokenizer. Every byte has a token; digits stay single; no merge crosses a space, so that " Paris" and
    "Paris" share their pieces and copying a value is plain repetition of tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(" ", "isolated"), _smollm()])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=size, special_tokens=SPECIAL, show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet())))
    tokenizer.pre_tokenizer = _smollm()
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in SPECIAL])
    return tokenizer
