"""The model: prompt and generation speed beside llama.cpp's own llama-bench, constrained answers against free ones, and two
streams together against alone.

Both are linked with the same archives of llama.cpp, load the same file and have one compute thread; they take turns.
Speeds are tokens per CPU second of the whole process. llama-bench tells wall time only and its process also loads the
model, so its CPU time is that of many repetitions less that of one.
"""

import json
import os
import pathlib
import subprocess

import machine

PROMPT, GENERATED = 128, 64
REPEATED = 5


def ours(context, gguf: pathlib.Path, *more: str) -> dict:
    command = [context.program("model"), "--folder", context.folder, "--gguf", gguf, "--prompt", PROMPT, "--generate", GENERATED, *more]
    return json.loads(subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True).stdout)


def child_cpu(command: list) -> tuple[float, str]:
    before = os.times()
    told = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True).stdout
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system, told


def peer(context, gguf: pathlib.Path, what: list, tokens: int) -> float:
    """Tokens per CPU second."""
    command = [context.program("llama_bench"), "-m", gguf, "-t", 1, "-o", "json", *what]
    many, told = child_cpu([*command, "-r", REPEATED])
    one, _ = child_cpu([*command, "-r", 1])
    assert json.loads(told)[0]["n_threads"] == 1
    return (REPEATED - 1) * tokens / (many - one)


def rates(stretches: list[dict]) -> list[float]:
    return [s["tokens"] / s["cpu_seconds"] for s in stretches]


def speed(context, gguf: pathlib.Path) -> dict:
    samples: dict[str, list[float]] = {name: [] for name in ("writ_prompt", "llama_bench_prompt", "writ_generation", "llama_bench_generation", "adapter_prompt", "adapter_generation")}
    ratio: dict[str, list[float]] = {"prompt": [], "generation": []}
    for _ in range(2 if context.quick else 3):
        told = ours(context, gguf, "--rounds", "3")
        of_peer = {"prompt": peer(context, gguf, ["-p", PROMPT, "-n", 0], PROMPT), "generation": peer(context, gguf, ["-p", 0, "-n", GENERATED], GENERATED)}
        for name in ("prompt", "generation"):
            mean = sum(rates(told[name])) / len(told[name])
            samples[f"writ_{name}"].append(mean)
            samples[f"llama_bench_{name}"].append(of_peer[name])
            ratio[name].append(mean / of_peer[name])
        adapted = ours(context, gguf, "--rounds", "3", "--model", context.default_model["id"])
        for name in ("prompt", "generation"):
            samples[f"adapter_{name}"].append(sum(rates(adapted[name])) / len(adapted[name]))
    return {"tokens_per_cpu_second": {name: machine.spread(values, 1) for name, values in samples.items()},
            "writ/llama_bench": {name: machine.spread(values) for name, values in ratio.items()}}


def constrained(context, gguf: pathlib.Path) -> dict:
    """Whole answers, prompt included, under a schema and as a required call, against free ones of the same run."""
    told = ours(context, gguf, "--measure", "constrained", "--rounds", "3" if context.quick else "7", "--model", context.default_model["id"])
    per_second = {name: rates(stretches) for name, stretches in told.items()}
    return {"tokens_per_cpu_second": {name: machine.spread(values, 1) for name, values in per_second.items()},
            "against_free": {name: machine.spread([a / b for a, b in zip(per_second[name], per_second["free"], strict=True)]) for name in ("schema", "required_tool")}}


def streams(context, gguf: pathlib.Path) -> dict:
    told = ours(context, gguf, "--measure", "streams", "--rounds", "2" if context.quick else "5", "--model", context.default_model["id"])["streams"]
    out: dict = {}
    for how in ("alone", "together"):
        out[how] = {"tokens": told[-1][how]["tokens"], "decode_calls": sorted({r[how]["decode_calls"] for r in told}),
                    "seconds": machine.spread([r[how]["seconds"] for r in told]), "cpu_seconds": machine.spread([r[how]["cpu_seconds"] for r in told])}
    out["together/alone"] = {name: machine.spread([r["together"][name] / r["alone"][name] for r in told]) for name in ("decode_calls", "seconds", "cpu_seconds")}
    return out


def measure(context) -> dict:
    return {"speed": speed(context, context.gguf), "constrained": constrained(context, context.gguf), "two_streams": streams(context, context.gguf)}
