# shellcheck shell=bash disable=SC2034,SC2154
# The long checks. What each printed is kept in docs/nightly/, the last run only.

# in_debian <suite> <root|user> <command> [cache]: keeps the output and the time.
in_debian() {
  local file=docs/nightly/debian-$1-$2.txt started=$SECONDS code=0
  mkdir -p docs/nightly
  tools/debian-root.sh "$@" >"$file.tmp" 2>&1 || code=$?
  {
    printf '$ %s\n' "$3"
    grep -v "\] working: " "$file.tmp" | sed -E "s/writ_[0-9a-z]{20,}/writ_…/; s#/(root|home/dev)/#~/#g" | tail -n 150
    printf 'exit code %d after %d:%02d\n' "$code" $(((SECONDS - started) / 60)) $(((SECONDS - started) % 60))
  } >"$file"
  rm -f "$file.tmp"
  tail -n 15 "$file"
  return "$code"
}

# crash_loop <runs>: the whole of tests/e2e/test_crash_loop.py, with as many runs.
crash_loop() {
  python_environment tests/e2e/requirements.txt || return 1
  env E2E_CRASH_RUNS="$1" E2E_BINARY="$root/build/release/bin/writ" E2E_TEST_BINARY="$root/build/asan/bin/writ" \
    "$pytest_python" -m pytest -q -s -p no:cacheprovider tests/e2e/test_crash_loop.py </dev/null
}

nightly_checks() {
  local question="What is 17% of 2340?" suite kept
  kept=$(mktemp -d)
  for suite in bookworm trixie; do  # root begins cold; the user with the third-party parts that root has built
    check "debian $suite, root" in_debian "$suite" root "./run ask '$question' && time ./run ask '$question' && ./test" "$kept/$suite"
    check "debian $suite, user with sudo" in_debian "$suite" user "./run ask '$question' && ./test" "$kept/$suite"
  done
  rm -rf "$kept"
  check "model evaluation" models/evaluate.sh
  check "crash loop of 300 runs" crash_loop 300
  check "crash loop of 1,000 runs" crash_loop 1000
  check "tripwires" python3 tools/tripwires.py
  not_run "soak" "its issue brings it"
}
