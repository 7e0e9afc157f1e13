"""What must hold of this folder's data; the gate runs it. Needs requirements-test.txt, wamerican and a release build, no torch."""
import json
import random
import re
import subprocess
import sys
from pathlib import Path

MODELS = Path(__file__).resolve().parent
sys.path[:0] = [str(MODELS), str(MODELS / "tools-adapter"), str(MODELS / "tools-adapter" / "evaluate"), str(MODELS / "minilm")]

import arithmetic  # noqa: E402
import bank  # noqa: E402
import builtin  # noqa: E402
import cases  # noqa: E402
import chains  # noqa: E402
import convert  # noqa: E402
import corpus  # noqa: E402
import gguf  # noqa: E402
import intents  # noqa: E402
import phrases  # noqa: E402
import talk  # noqa: E402
import taught  # noqa: E402
from speech import Speech  # noqa: E402
from training import chat  # noqa: E402
from values import Values, held  # noqa: E402
from zones import ZONES  # noqa: E402

ROOT = MODELS.parent


def groups(count=25, size=6, checking=False):
    return [corpus.group(seed, checking, size) for seed in range(count)]


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
    assert groups(5) == groups(5)


def test_pieces_join_to_what_the_template_renders():
    for group in groups(10):
        for messages in group["conversations"]:
            prefix, cut = chat.pieces(group["system"], group["tools"], messages)
            whole = chat.render([{"role": "system", "content": group["system"]}] + messages, group["tools"])
            assert prefix + "".join(text for text, _ in cut) == whole
            assert all(text.endswith("<|im_end|>") for text, is_target in cut if is_target)


def test_every_call_is_what_the_grammar_can_write():
    """shaped() refuses unknown and missing arguments and wrong types, and puts keys into the grammar's order."""
    for group in groups(60) + groups(30, checking=True):
        schemas = {t["function"]["name"]: t["function"]["parameters"] for t in group["tools"]}
        for name, arguments in calls(group):
            assert json.dumps(bank.shaped(arguments, schemas[name])) == json.dumps(arguments)


def test_every_tool_of_the_banks_makes_good_tasks():
    for tool in bank.load():
        for seed in range(40):
            draw = Values(random.Random(seed), .5 * (seed % 2))
            disguise = bank.Disguise(tool.entry, draw if seed % 4 > 1 else None)
            task = tool.task(draw, bool(seed % 2), disguise)
            assert "{" not in task.request.replace('{"', ""), task
            assert all(m.lower() in task.answer.lower() for m in task.must), task


def test_a_number_is_sent_as_it_is_said():
    for seed in range(300):
        draw = Values(random.Random(seed))
        for spec in ("int:1:9", "decimal:0:3", "decimal:20000:90000", "money", "percent"):
            said = draw.kind(spec)
            assert json.dumps(said.value) == (said.text.rstrip("0") if "." in said.text else said.text), spec


def test_builtin_tasks_carry_their_results():
    for seed in range(150):
        draw = Values(random.Random(seed), .5 * (seed % 2))
        made = intents.Intents(draw, Speech(draw).pick)
        for task in (made.calculator(), made.clock(), made.remember(), made.recall(), made.chain(), chains.Chains(draw, made, Speech(draw).pick).any()):
            assert all(m.lower() in task.answer.lower() for m in task.must), task
            follow = made.followup(task.steps[-1][-1])
            assert follow is None or "{" not in follow.request + follow.answer, follow


def test_a_result_may_be_any_json():
    generator = corpus.Generator(1, False)
    for result in (12.5, "text", None, [1, 2], {"a": 1}, {"a": {"b": 1}}, {"error": "no"}):
        texts = {generator.given("other", result) for _ in range(60)}
        assert all(text == "a: 1" or json.loads(text) == result for text in texts), texts


def test_only_a_call_of_a_builtin_tool_is_gone_on_from():
    def turn(name, result):
        calls = chat.tool_calls((name, {"expression": "1 + 1"}))
        return [{"role": "user", "content": "?"}, {"role": "assistant", "content": "", "tool_calls": calls}, {"role": "tool", "content": result},
                {"role": "assistant", "content": "2"}]
    assert corpus.Generator.last_call(turn("calculator", '{"result":"2"}'), False)[0] == ("calculator", {"expression": "1 + 1"}, {"result": "2"})
    assert corpus.Generator.last_call(turn("other", "result: 2"), False) is None


def test_the_builtin_tools_and_the_prompt_are_the_products():
    capsule = json.loads((ROOT / "capsules" / "assistant.json").read_text(encoding="utf-8"))
    source = "".join(f.read_text(encoding="utf-8") for f in sorted((ROOT / "src" / "tools").glob("*.cc")))
    assert builtin.SYSTEM == capsule["system_prompt"]
    assert [t["function"]["name"] for t in builtin.TOOLS] == capsule["tools"]
    for tool in builtin.TOOLS:
        assert f'.name = "{tool["function"]["name"]}"' in source
        assert f'.description = "{tool["function"]["description"]}"' in source


def test_the_default_tools_are_offered_often():
    share = sum(g["tools"] == builtin.TOOLS for g in groups(200, 1)) / 200
    assert .2 < share < .36


def test_held_values_are_not_in_training():
    asked = {place for place in ZONES if held(place)}
    text = json.dumps(groups(60), ensure_ascii=False)
    assert asked and not any(f"time in {place}" in text for place in asked)


def test_held_wordings_and_tools_are_not_in_training():
    text = json.dumps(groups(150), ensure_ascii=False).lower()
    kept = [p.rstrip("?!.") for intent in ("hello", "thanks", "recall_home") for p in phrases.PATTERNS[intent][4::5]]
    kept += [s for e in talk.TALK["small_talk"] for s in e["say"][5::6]] + [e["say"] for e in intents.BANK["recall"][5::6]]
    for said in (k for k in kept if "{" not in k):
        assert f'"user", "content": {json.dumps(said.lower())}}}' not in text, said
    names = {bank.Disguise(t.entry).name for t in bank.load() if t.held}
    assert names and not names & {t["function"]["name"] for g in groups(150, 1) for t in g["tools"]}


def test_the_evaluation_asks_nothing_that_training_has_word_for_word():
    assert taught.wording("What is 17% of 2,340?") == taught.wording("what is {p}% of {n}") == "what is #% of #"
    assert taught.wording("what's the time in Oslo?") == taught.wording("Whats the time in {city}")
    assert taught.wording("12 - 3") != taught.wording("12 + 3")
    file = {"calculator": [{"say": "What is 17% of 2340?", "any": ["hi"]}, {"say": "{n} grackles, and {p}% of the grackles sing"}],
            "tools": [{"requests": ["hello", "an utterly new wish"]}]}
    assert taught.without(file) == {"calculator": file["calculator"][1:], "tools": [{"requests": ["an utterly new wish"]}]}
    assert taught.without(cases.HELD) == cases.HELD


def test_every_split_has_its_cases():
    count = {split: len(cases.cases(split)) for split in cases.SPLITS}
    assert all(count[s] >= 300 for s in ("builtin", "unseen_tools", "chains", "answers", "no_tool_fits", "no_tool_needed")), count
    assert count["readme"] % 20 == 0 and count["readme_numbers"] == count["readme"] and min(count.values()) > 0, count


def test_the_readmes_paraphrases_ask_what_they_are_scored_by():
    for split, numbers in (("readme", {"17", "2340"}), ("readme_numbers", None)):
        for case in cases.cases(split):
            asked = set(re.findall(r"\d+", case["messages"][-1]["content"].replace(",", "")))
            call, = case["steps"][0]["calls"]
            assert asked == set(re.findall(r"\d+", call["arguments"]["expression"])) and (asked == numbers or not numbers), case


def test_minilm_vocabulary_is_as_llama_cpp_reads_it(tmp_path):
    file = tmp_path / "vocab.txt"
    file.write_text("[PAD]\nhello\n##lo\n##\n", encoding="utf-8")
    words, pieces, types = convert.vocabulary(file)
    assert words == ["[PAD]", "hello", "##lo", "##"]
    assert pieces == ["[PAD]", "▁hello", "lo", ""]
    assert types == [gguf.TokenType.CONTROL] + 3 * [gguf.TokenType.NORMAL]


def test_arithmetic_is_the_products():
    cases = {"17% of 2340": "397.8", "1 / 3": "0.333333333333333", "2 ^ 3 ^ 2": "512", "-(3 + 4) * 2": "-14", "sqrt(49)": "7", "200 + 10% of 200": "220",
             "10 / 4 - 1": "1.5", "1250.50 * 2": "2501"}
    assert {e: arithmetic.evaluate(e) for e in cases} == cases
