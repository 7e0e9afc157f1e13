"""Reads the base model from a GGUF and writes models and LoRA adapters as GGUF for llama.cpp."""
import gguf
import numpy as np
import torch

from . import tokenizer as tokenizers
from .network import Block, Config, Network


def to_pairs(w, heads):
    """Rows of a Q or K matrix from halves (i, i + size/2) to the pairs (2i, 2i + 1) that llama.cpp rotates."""
    return w.reshape(heads, 2, w.shape[0] // heads // 2, w.shape[1]).swapaxes(1, 2).reshape(w.shape)


def to_halves(w, heads):
    """The inverse of to_pairs."""
    return w.reshape(heads, w.shape[0] // heads // 2, 2, w.shape[1]).swapaxes(1, 2).reshape(w.shape)


def _rotated(name, c):
    """Number of heads if the named matrix makes rotated queries or keys, else 0."""
    return c.heads if "attn_q." in name else c.kv_heads if "attn_k." in name else 0


def read_model(path, dtype=torch.bfloat16, context=None):
    """-> (Network, Tokenizer) of a llama-architecture GGUF with tied embeddings and a smollm tokenizer."""
    reader = gguf.GGUFReader(path)

    def field(name):
        return reader.fields[name].contents()
    if field("general.architecture") != "llama" or field("tokenizer.ggml.pre") != "smollm":
        raise ValueError(f"{path}: not a llama model with the smollm tokenizer")
    c = Config(vocab=len(field("tokenizer.ggml.tokens")), dim=field("llama.embedding_length"),
               layers=field("llama.block_count"), heads=field("llama.attention.head_count"),
               kv_heads=field("llama.attention.head_count_kv"), ffn=field("llama.feed_forward_length"),
               context=context or field("llama.context_length"), rope_base=field("llama.rope.freq_base"),
               eps=field("llama.attention.layer_norm_rms_epsilon"))
    network = Network(c)
    places = {"token_embd.weight": network.embedding.weight, "output_norm.weight": network.norm.weight}
    for i, block in enumerate(network.blocks):
        places |= {f"blk.{i}.{n}.weight": getattr(block, a).weight for n, a in Block.MATRICES.items()}
        places |= {f"blk.{i}.{n}.weight": getattr(block, n).weight for n in ("attn_norm", "ffn_norm")}
    for tensor in reader.tensors:
        data = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        heads = _rotated(tensor.name, c)
        data = to_halves(data, heads) if heads else data
        places.pop(tensor.name).data.copy_(torch.tensor(data))
    if places:
        raise ValueError(f"{path}: no tensor {sorted(places)[0]}")
    tokenizer = tokenizers.from_gguf(field("tokenizer.ggml.tokens"), field("tokenizer.ggml.token_type"),
                                     field("tokenizer.ggml.merges"))
    return network.to(dtype), tokenizer


def _finish(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_adapter(path, adapters, c, alpha, name, base):
    """A LoRA adapter in f16, for `llama_adapter_lora_init`."""
    w = gguf.GGUFWriter(path, "llama")
    w.add_type("adapter")
    w.add_string("adapter.type", "lora")
    w.add_float32("adapter.lora.alpha", float(alpha))
    w.add_name(name)
    w.add_license("apache-2.0")
    w.add_string("general.base_model.0.name", base)
    w.add_uint32("general.base_model.count", 1)
    for tensor, lora in adapters.items():
        a, b = lora.a.detach().float().numpy(), lora.b.detach().float().numpy()
        heads = _rotated(tensor, c)
        b = to_pairs(b, heads) if heads else b
        w.add_tensor(tensor + ".lora_a", a.astype(np.float16))
        w.add_tensor(tensor + ".lora_b", np.ascontiguousarray(b).astype(np.float16))
    _finish(w)


def read_adapter(path, adapters, c):
    """Loads what write_adapter wrote into the adapters of a network."""
    tensors = {t.name: np.array(t.data, np.float32) for t in gguf.GGUFReader(path).tensors}
    for tensor, lora in adapters.items():
        b, heads = tensors[tensor + ".lora_b"], _rotated(tensor, c)
        lora.a.data = torch.from_numpy(tensors[tensor + ".lora_a"])
        lora.b.data = torch.from_numpy(np.ascontiguousarray(to_halves(b, heads) if heads else b))


def write_model(path, network, tokens, merges, template, name, description):
    """A whole model in q8_0 with its tokenizer and chat template."""
    c = network.config
    w = gguf.GGUFWriter(path, "llama")
    w.add_name(name)
    w.add_description(description)
    w.add_license("apache-2.0")
    w.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    w.add_quantization_version(gguf.GGML_QUANT_VERSION)
    w.add_context_length(c.context)
    w.add_embedding_length(c.dim)
    w.add_block_count(c.layers)
    w.add_feed_forward_length(c.ffn)
    w.add_head_count(c.heads)
    w.add_head_count_kv(c.kv_heads)
    w.add_layer_norm_rms_eps(c.eps)
    w.add_rope_dimension_count(c.dim // c.heads)
    w.add_rope_freq_base(c.rope_base)
    w.add_vocab_size(c.vocab)
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("smollm")
    w.add_token_list(tokens)
    w.add_token_types([gguf.TokenType.CONTROL if t in tokenizers.CONTROL else gguf.TokenType.USER_DEFINED
                       if t in tokenizers.SPECIAL else gguf.TokenType.NORMAL for t in tokens])
    w.add_token_merges(merges)
    w.add_bos_token_id(tokens.index("<|endoftext|>"))
    w.add_eos_token_id(tokens.index("<|im_end|>"))
    w.add_pad_token_id(tokens.index("<|pad|>"))
    w.add_add_bos_token(False)
    w.add_add_space_prefix(False)
    w.add_chat_template(template)

    def put(tensor, weight):
        data = np.ascontiguousarray(weight.detach().float().numpy())
        heads = _rotated(tensor, c)
        data = np.ascontiguousarray(to_pairs(data, heads)) if heads else data
        if data.ndim == 1:
            return w.add_tensor(tensor, data)
        kind = gguf.GGMLQuantizationType.Q8_0
        return w.add_tensor(tensor, gguf.quants.quantize(data, kind), raw_dtype=kind)

    put("token_embd.weight", network.embedding.weight)          # also the output layer: there is no output.weight
    put("output_norm.weight", network.norm.weight)
    for i, block in enumerate(network.blocks):
        put(f"blk.{i}.attn_norm.weight", block.attn_norm.weight)
        put(f"blk.{i}.ffn_norm.weight", block.ffn_norm.weight)
        for tensor, attribute in Block.MATRICES.items():
            put(f"blk.{i}.{tensor}.weight", getattr(block, attribute).weight)
    _finish(w)
