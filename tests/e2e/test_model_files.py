"""A model file that is none, or that makes the library die, ends at most its own load; everybody else goes on."""

import os
import shutil
import struct
import time

import pytest

from deployment import ROOT, Deployment, poll

TINY = ROOT / "models" / "tiny" / "writ-tiny.gguf"


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value)) + value.encode()


def header(blocks: int) -> bytes:
    """A GGUF of 300 bytes that says it has so many blocks."""
    values = text("general.architecture") + struct.pack("<I", 8) + text("llama") + text("llama.block_count") + struct.pack("<II", 4, blocks)
    tensor = text("t") + struct.pack("<IQIQ", 1, 8, 0, 0)
    return (b"GGUF" + struct.pack("<IQQ", 3, 1, 2) + values + tensor).ljust(300, b"\0")


@pytest.fixture
def served(product, folders):
    """A platform that serves what is put into a folder of models."""
    folder = folders("models")
    deployment = Deployment("one", product, folders("model-files"), settings={"WRIT_SLM_MODELS": str(folder)})
    yield folder, deployment
    deployment.stop()


def chat(deployment: Deployment, model: str, expect: int):
    body = {"model": model, "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 4}
    return deployment.api().post("/v1/chat/completions", body, expect=expect)


def test_what_stands_in_a_models_folder_fails_alone_and_never_hangs(served):
    folder, deployment = served
    shutil.copy(TINY, folder / "good.gguf")
    (folder / "blocks.gguf").write_bytes(header(100_000))
    (folder / "few.gguf").write_bytes(header(1))
    (folder / "empty.gguf").write_bytes(b"")
    (folder / "cut.gguf").write_bytes(TINY.read_bytes()[:1_000_000])
    os.mkfifo(folder / "pipe.gguf")
    os.symlink("loop.gguf", folder / "loop.gguf")
    (folder / "folder.gguf").mkdir()
    with (folder / "sparse.gguf").open("wb") as sparse:
        sparse.truncate(1 << 40)
    began = time.monotonic()
    deployment.start()
    for name in ("blocks", "few", "empty", "cut", "pipe", "loop", "folder", "sparse"):
        told = chat(deployment, name, expect=503)
        assert "model_failed" in str(told), told
        assert str(folder) not in str(told), f"the reason names a path: {told}"
    assert chat(deployment, "good", expect=200)["usage"]["completion_tokens"] > 0
    assert chat(deployment, "writ-tiny", expect=200)
    assert time.monotonic() - began < 120
    (folder / "few.gguf").unlink()
    shutil.copy(TINY, folder / "few.gguf")
    assert chat(deployment, "few", expect=200), "it is loaded when its file is another"


def test_a_template_that_overflows_a_stack_ends_only_its_own_load(served):
    folder, deployment = served
    good = TINY.read_bytes()
    at = good.index(text("tokenizer.chat_template")) + len(text("tokenizer.chat_template")) + 4
    size = struct.unpack("<Q", good[at:at + 8])[0]
    # As long as before, so that no tensor moves.
    deep = ("{{ " + "(" * size)[:size].encode()
    (folder / "deep.gguf").write_bytes(good[:at + 8] + deep + good[at + 8 + size:])
    deployment.start()
    told = chat(deployment, "deep", expect=503)
    assert "model_failed" in str(told), told
    assert chat(deployment, "writ-tiny", expect=200)


def test_a_decode_that_fails_once_fails_its_attempt_only(build_with_fail_points, folders):
    folder = folders("decode")
    points = folder / "points"
    points.mkdir()
    deployment = Deployment("one", build_with_fail_points, folder, settings={"WRIT_ERROR_POINTS": str(points)})
    try:
        deployment.start()
        (points / "llama.decode").write_text("")
        chat(deployment, "writ-tiny", expect=503)
        assert chat(deployment, "writ-tiny", expect=200)
        (points / "llama.decode").write_text("")
        api = deployment.api()
        run = api.start("talker", "Hi")["run_id"]
        assert api.finished(run)["status"] == "completed"
        poll(lambda: not (points / "llama.decode").exists(), "the fault was met")
    finally:
        deployment.stop()


def test_the_setting_of_the_context_is_honoured(product, folders):
    deployment = Deployment("one", product, folders("context"), settings={"WRIT_SLM_CONTEXT": "3072"})
    try:
        deployment.start()
        models = deployment.api().get("/v1/models")["data"]
        assert [m for m in models if m["id"] == "writ-tiny"], models
        long = {"model": "writ-tiny", "messages": [{"role": "user", "content": "word " * 1200}], "max_tokens": 4}
        assert deployment.api().post("/v1/chat/completions", long, expect=200)["usage"]["prompt_tokens"] > 2048 - 200
    finally:
        deployment.stop()
