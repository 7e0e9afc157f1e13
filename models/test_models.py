"""What must hold of this folder's data. Needs pytest, jinja2, gguf and numpy, no torch: python -m pytest models"""
import json
import subprocess
import sys
from pathlib import Path

MODELS = Path(__file__).resolve().parent
sys.path[:0] = [str(MODELS), str(MODELS / "tools-adapter"), str(MODELS / "minilm")]

import builtin  # noqa: E402
import convert  # noqa: E402
import corpus  # noqa: E402
import gguf  # noqa: E402
import phrases  # noqa: E402
from training import chat  # noqa: E402
from values import ZONES, held  # noqa: E402


def groups(split, count=25, size=6):
    return [corpus.group(seed, split, size) for seed in range(count)]


def calls(group):
    for messages in group["conversations"]:
        for message in messages:
            for call in message.get("tool_calls", []):
                yield call["function"]["name"], json.loads(call["function"]["arguments"])


def test_registry_matches_the_files():
    subprocess.run([sys.executable, str(MODELS / "registry.py"), "--check"], check=True)


def test_golden_renderings_match_the_template():
    for line in (MODELS / "templates" / "golden.jsonl").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        assert chat.render(case["messages"], case["tools"], case["add_generation_prompt"]) == case["text"], case["name"]


def test_same_seed_gives_the_same_group():
    assert groups("train", 5) == groups("train", 5)


def test_pieces_join_to_what_the_template_renders():
    for group in groups("train", 10):
        for messages in group["conversations"]:
            prefix, cut = chat.pieces(group["system"], group["tools"], messages)
            whole = chat.render([{"role": "system", "content": group["system"]}] + messages, group["tools"])
            assert prefix + "".join(text for text, _ in cut) == whole
            assert all(text.endswith("<|im_end|>") for text, is_target in cut if is_target)


def test_every_call_names_an_offered_tool_and_its_required_arguments():
    for split in corpus.SPLITS:
        for group in groups(split):
            schemas = {t["function"]["name"]: t["function"]["parameters"] for t in group["tools"]}
            for name, arguments in calls(group):
                assert set(schemas[name].get("required", [])) <= set(arguments) <= set(schemas[name]["properties"])


def test_default_tools_are_offered_in_the_order_of_the_product():
    assert [t["function"]["name"] for t in builtin.TOOLS] == ["calculator", "clock", "remember", "recall"]
    share = sum(g["tools"] == builtin.TOOLS for g in groups("train", 200, 1)) / 200
    assert .35 < share < .55


def test_values_of_the_values_split_are_not_in_training():
    def zones(split):
        return {a["timezone"] for g in groups(split, 60) for n, a in calls(g) if n == "clock" and a.get("timezone") in ZONES.values()}
    asked = {place for place in ZONES if held(place)}
    text = json.dumps(groups("train", 60), ensure_ascii=False)
    assert asked and zones("values")
    assert not any(f"time in {place}" in text for place in asked)


def test_held_out_patterns_are_not_in_training():
    text = json.dumps(groups("train", 60), ensure_ascii=False).lower()
    for intent in ("hello", "thanks", "recall_home"):
        for pattern in phrases.PATTERNS[intent][4::5]:
            assert f'"user", "content": "{pattern.rstrip("?!.").lower()}"' not in text


def test_minilm_vocabulary_is_as_llama_cpp_reads_it(tmp_path):
    file = tmp_path / "vocab.txt"
    file.write_text("[PAD]\nhello\n##lo\n##\n", encoding="utf-8")
    words, pieces, types = convert.vocabulary(file)
    assert words == ["[PAD]", "hello", "##lo", "##"]
    assert pieces == ["[PAD]", "▁hello", "lo", ""]
    assert types == [gguf.TokenType.CONTROL] + 3 * [gguf.TokenType.NORMAL]


def test_decimal_prints_as_the_calculator_does():
    assert [builtin.decimal(builtin.Fraction(v)) for v in ("397.8", "12", "1/3", "-1/4", "100")] == \
        ["397.8", "12", "0.333333333333333", "-0.25", "100"]
