# shellcheck shell=bash disable=SC2034,SC2154
# What set-up says: progress with elapsed time, one clear message per failure. Everything goes to stderr, because
# the standard output of `./run` belongs to writ.

say() { printf '[%2d:%02d] %s\n' $((SECONDS / 60)) $((SECONDS % 60)) "$*" >&2; }

# fail <what went wrong> [<how to fix it>…]
fail() {
  printf '\nwrit set-up: %s\n' "$1" >&2
  shift
  local line
  for line in "$@"; do printf '  %s\n' "$line" >&2; done
  exit 1
}

# fail_with_log <what went wrong> <log file> [<how to fix it>…]
fail_with_log() {
  local what=$1 log=$2
  shift 2
  printf '\n' >&2
  tail -n 30 "$log" >&2 || true
  if grep -qiE 'no space left|disk quota' "$log"; then
    set -- "The disk is full: free about $((disk_minimum_mib / 1024)) GiB under $cache and run the same command again."
  elif grep -qiE 'could not resolve|temporary failure|timed out|connection (refused|reset)|network is unreachable|spurious network|max retries' "$log"; then
    set -- "The network did not answer: check the connection (and proxy settings), then run the same command again; it resumes."
  elif grep -qiE 'out of memory|Killed|cannot allocate memory' "$log"; then
    set -- "Memory ran out: set WRIT_JOBS=1 and run the same command again; it resumes."
  fi
  fail "$what" "$@" "The whole log: $log"
}

# How far the build in a log is, such as "120/310"; empty when the log does not tell.
progress_in() {
  local log=$1 total=${2:-}
  if [[ -n $total ]]; then
    printf '%s/%s crates' "$(grep -cE '^ +Compiling ' "$log" 2>/dev/null || true)" "$total"
  else
    tail -c 2000 "$log" 2>/dev/null | grep -oE '[0-9]+/[0-9]+' | tail -n 1 || true
  fi
}
