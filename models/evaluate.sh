#!/usr/bin/env bash
# Scores the default model through the product: its server, its template, its grammar. Cases that training never saw.
#   models/evaluate.sh [SHARE]      SHARE: of the cases of each split, 0..1 (1)
# What it prints is kept in models/tools-adapter/evaluate/scores/. BINARY names another binary than the release build.
set -euo pipefail
cd "$(dirname "$0")/.."
binary=${BINARY:-build/release/bin/writ}
share=${1:-1}
scores=models/tools-adapter/evaluate/scores
cases=$(mktemp -d)
trap 'rm -rf "$cases"' EXIT
mkdir -p "$scores"
rm -f "$scores"/*.json
export WRIT_MODELS_DIR=$PWD/models WRIT_SLM_THREADS=${WRIT_SLM_THREADS:-2}

python3 models/tools-adapter/evaluate/cases.py "$cases" --share "$share"
"$binary" model eval "$cases"/*.jsonl --jobs "${JOBS:-4}" --json --show 1000 >"$scores/adapter.json"
python3 models/tools-adapter/evaluate/table.py "$scores/adapter.json"

# General chat: the base model as it comes, with the template in its own file, is asked the same questions.
name=$(python3 -c 'import json; print(next(m["file"] for m in json.load(open("models/registry.json")) if m["default"]))')
base=$(find -L "${WRIT_SLM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/writ/parts}" -name "$name" -print -quit)
WRIT_SLM_MODELS=$base "$binary" model eval "$cases/chat_facts.jsonl" --model "$(basename "$base" .gguf)" --json --show 1000 >"$scores/base.json"
python3 models/tools-adapter/evaluate/table.py "$scores/base.json"
