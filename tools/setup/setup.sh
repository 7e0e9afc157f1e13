#!/usr/bin/env bash
# Prepares the machine and the third-party parts, then builds what it is asked for.
# Usage: tools/setup/setup.sh [--check] [--tests] [--gate] [--embeddings] [--build <preset> [<target>…]]
#   --check   say what is missing and change nothing; exit 1 when something is
#   --tests   also what the tests need; --gate also what ./test --all needs
#   --embeddings  also the model for embeddings
#   --build   configure and build a CMake preset; must come last
# Prints nothing on standard output. Safe to interrupt: the next call goes on where this one stopped.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tools/setup/versions.sh
. "$root/tools/setup/versions.sh"
# shellcheck source=tools/setup/report.sh
. "$root/tools/setup/report.sh"
# shellcheck source=tools/setup/cache.sh
. "$root/tools/setup/cache.sh"
# shellcheck source=tools/setup/packages.sh
. "$root/tools/setup/packages.sh"
# shellcheck source=tools/setup/parts.sh
. "$root/tools/setup/parts.sh"
# shellcheck source=tools/setup/build.sh
. "$root/tools/setup/build.sh"

check_only='' tests_too='' embeddings_too='' preset='' targets=() rows=("${build_packages[@]}")
while (($#)); do
  case $1 in
    --check) check_only=yes ;;
    --tests | --gate)
      tests_too=yes
      rows+=("${test_packages[@]}")
      [[ $1 == --tests ]] || rows+=("${gate_packages[@]}")
      ;;
    --embeddings) embeddings_too=yes ;;
    --build)
      [[ $# -ge 2 ]] || fail "--build wants the name of a preset"
      preset=$2
      shift 2
      targets=("$@")
      break
      ;;
    *) fail "unknown option $1" ;;
  esac
  shift
done

background=() # process groups to stop with us
stop_background() {
  local group
  for group in "${background[@]}"; do kill -TERM -- "-$group" 2>/dev/null || true; done
}
trap stop_background EXIT
trap 'printf "\n" >&2; say "stopped; the same command goes on where this one stopped"; exit 130' INT TERM

# start <part> <folder> <function>: makes a part in the background, unless it is complete.
declare -A running=() totals=([rust]=$(grep -c '^\[\[package\]\]' "$root/rust/Cargo.lock"))
start() {
  local name=$1 folder=$2 make=$3
  if part_is_complete "$folder"; then return 0; fi
  [[ -z ${started:-} ]] && check_disk
  started=yes
  say "$name: starting (log: $logs/$name.log)"
  set -m
  ("$make" "$folder") </dev/null >"$logs/$name.log" 2>&1 &
  set +m
  running[$name]=$!
  background+=("$!")
}

# await <part> <how to fix a failure>: waits and shows progress of everything that still runs.
await() {
  local name=$1 pid=${running[$1]:-} next=$((SECONDS + 15)) other line
  [[ -n $pid ]] || return 0
  while kill -0 "$pid" 2>/dev/null; do
    if ((SECONDS >= next)); then
      next=$((SECONDS + 15)) line=''
      for other in "${!running[@]}"; do
        if kill -0 "${running[$other]}" 2>/dev/null; then
          line+="  $other $(progress_in "$logs/$other.log" "${totals[$other]:-}")"
        fi
      done
      say "working:$line"
    fi
    sleep 0.2
  done
  wait "$pid" || fail_with_log "$name could not be made" "$logs/$name.log" "$2"
  unset "running[$name]"
  say "$name: done"
}

check_system
mapfile -t tool_rows < <(needed_tool_rows "$tests_too")
rows+=("${tool_rows[@]}")
if [[ -n $check_only ]]; then
  # shellcheck source=tools/setup/check.sh
  . "$root/tools/setup/check.sh"
fi

make_cache
lock_cache
install_packages "${rows[@]}"
find_rust || fail "no Rust of at least $rust_minimum was found" \
  "Install one (Debian: apt-get install cargo-web rustc-web, after removing an older rustc) and run the same command again."
find_python pip || fail "no Python 3 with pip was found" "Run: apt-get install python3 python3-pip"
export PATH=$rust_bin:$PATH CC=clang-19 CXX=clang++-19
use_ccache
jobs=${WRIT_JOBS:-$(jobs_for_memory)}
read_model_facts
[[ -z $embeddings_too ]] || read_embedding_facts

boost=$(boost_folder) models=$(models_folder) llama=$(llama_folder) rust=$(rust_folder)
again="Run the same command again; it resumes."
start rust "$rust" make_rust
start boost "$boost" make_boost
start models "$models" make_models
start llama "$llama" make_llama
in_use=("$boost" "$models" "$llama" "$rust" "$(sources_folder)")
if [[ -n $embeddings_too ]]; then
  embeddings=$(embeddings_folder)
  in_use+=("$embeddings")
  start embeddings "$embeddings" make_embeddings
fi
await boost "$again"
await llama "$again"
link_parts
if [[ -n $preset ]]; then
  [[ -z ${running[rust]:-} ]] || build_rooms "$preset" # our own objects, while cargo is still at work
fi
await rust "See what cargo says above; then: $again"
await models "$again"
if [[ -n $embeddings_too ]]; then
  await embeddings "$again"
  ln -sfn "$embeddings" "$deps/embeddings"
fi
[[ -z ${started:-} ]] || prune_parts "${in_use[@]}"
[[ -z ${started:-} ]] || say "third-party parts: ready in $cache"
if [[ -n $preset ]]; then build_preset "$preset" "${targets[@]}"; fi
