"""Cold: `./run --version` in a clone of the last commit with an empty cache: packages are there, everything else is not."""

import os
import pathlib
import re
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


def measure(context) -> dict:
    clone, cache = context.folder / "clone", context.folder / "cache"
    subprocess.run(["git", "clone", "-q", ROOT, clone], check=True)
    before, began = os.times(), time.monotonic()
    told = subprocess.run([clone / "run", "--version"], env=os.environ | {"XDG_CACHE_HOME": str(cache)}, stderr=subprocess.PIPE, text=True, check=True).stderr
    after = os.times()
    # "[ 3:12] llama: done": when each part was there.
    parts = {name: f"{minutes}:{seconds}" for minutes, seconds, name in re.findall(r"^\[ *(\d+):(\d+)\] (\w+): done", told, re.M)}
    return {"minutes": round((time.monotonic() - began) / 60, 1), "parts_done_at": parts,
            "cpu_seconds": round(after.children_user + after.children_system - before.children_user - before.children_system)}
