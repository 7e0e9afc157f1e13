"""Converts all-MiniLM-L6-v2 (safetensors) to a q8_0 GGUF, with numpy and gguf only. The same input gives the same bytes.

    python convert.py FOLDER OUTPUT.gguf    # FOLDER: config.json, model.safetensors, vocab.txt
"""
import json
import struct
import sys
from pathlib import Path

import gguf
import numpy as np

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
UNUSED = ("embeddings.position_ids", "pooler.dense.weight", "pooler.dense.bias")  # embeddings are the mean of the last layer
PRECISE = ("position_embd.weight", "token_types.weight")  # added to everything: small, and llama.cpp wants them so


def tensors(file):
    """Names and values of a safetensors file: the length of a JSON header, the header, the data."""
    data = file.read_bytes()
    start = 8 + struct.unpack("<Q", data[:8])[0]
    for name, at in sorted(json.loads(data[8:start]).items()):
        if name == "__metadata__" or name in UNUSED:
            continue
        if at["dtype"] != "F32":
            raise ValueError(f"{name} is {at['dtype']}, not F32")
        begin, end = at["data_offsets"]
        yield name, np.frombuffer(data[start + begin:start + end], np.float32).reshape(at["shape"])


def vocabulary(file):
    """WordPiece as llama.cpp reads it: a piece that begins a word has ▁, one that goes on has no ##."""
    words = file.read_text(encoding="utf-8").splitlines()
    pieces = [w if w in SPECIAL else w[2:] if w.startswith("##") else "▁" + w for w in words]
    types = [gguf.TokenType.CONTROL if w in SPECIAL else gguf.TokenType.NORMAL for w in words]
    return words, pieces, types


def write_facts(writer, config):
    writer.add_name("all-MiniLM-L6-v2")
    writer.add_license("apache-2.0")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_layer_norm_eps(config["layer_norm_eps"])
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.MEAN)
    writer.add_token_type_count(config["type_vocab_size"])
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)


def write_vocabulary(writer, words, pieces, types):
    place = {word: words.index(word) for word in SPECIAL}
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("jina-v2-en")  # llama.cpp's name of BERT's rules
    writer.add_token_list(pieces)
    writer.add_token_types(types)
    writer.add_pad_token_id(place["[PAD]"])
    writer.add_unk_token_id(place["[UNK]"])
    writer.add_bos_token_id(place["[CLS]"])
    writer.add_eos_token_id(place["[SEP]"])
    writer.add_sep_token_id(place["[SEP]"])
    writer.add_mask_token_id(place["[MASK]"])
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(True)
    writer.add_add_sep_token(False)
    writer.add_bool("tokenizer.ggml.normalizer.lowercase", True)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    folder, output = map(Path, sys.argv[1:])
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    writer = gguf.GGUFWriter(output, "bert")
    write_facts(writer, config)
    write_vocabulary(writer, *vocabulary(folder / "vocab.txt"))
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.BERT, config["num_hidden_layers"])
    for name, value in tensors(folder / "model.safetensors"):
        name = names.get_name(name, try_suffixes=(".weight", ".bias"))
        if value.ndim == 1 or name in PRECISE:
            writer.add_tensor(name, value)
        else:
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(name, gguf.quants.quantize(value, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
