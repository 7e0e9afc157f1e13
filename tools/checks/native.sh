# shellcheck shell=bash disable=SC2034,SC2154
# Builds the C++ presets and runs their tests with ctest, by label.

# build <preset> [<setup option>…] [-- <target>…]: a check; false when it failed.
build() {
  local preset=$1 options=()
  shift
  while (($#)) && [[ $1 != -- ]]; do
    options+=("$1")
    shift
  done
  shift || true
  begin "build $preset"
  if "$root/tools/setup/setup.sh" "${options[@]}" --build "$preset" "$@"; then
    record "build $preset" 1 0
  else
    record "build $preset" 0 1
    return 1
  fi
}

# The suppression files say why each entry is there.
sanitizer_environment() {
  local suppressions=$root/tests/sanitizers
  local asan=detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1:abort_on_error=0
  local ubsan=print_stacktrace=1 tsan=halt_on_error=1:second_deadlock_stack=1:die_after_fork=0 lsan=report_objects=0
  [[ -f $suppressions/ubsan.txt ]] && ubsan+=":suppressions=$suppressions/ubsan.txt"
  [[ -f $suppressions/tsan.txt ]] && tsan+=":suppressions=$suppressions/tsan.txt"
  [[ -f $suppressions/lsan.txt ]] && lsan+=":suppressions=$suppressions/lsan.txt"
  printf '%s\n' "ASAN_OPTIONS=$asan" "UBSAN_OPTIONS=$ubsan" "TSAN_OPTIONS=$tsan" "LSAN_OPTIONS=$lsan" \
    "ASAN_SYMBOLIZER_PATH=/usr/bin/llvm-symbolizer-19" "TSAN_SYMBOLIZER_PATH=/usr/bin/llvm-symbolizer-19"
}

# run_ctest <preset> <part> <ctest selection…>
run_ctest() {
  local preset=$1 part=$2 folder=$root/build/$1 results sanitizers
  shift 2
  results=$folder/test-results/${part// /-}
  begin "$part"
  rm -rf "$results"
  mkdir -p "$results"
  mapfile -t sanitizers < <(sanitizer_environment)
  env -u WRIT_JOBS "${sanitizers[@]}" GTEST_OUTPUT="json:$results/" GTEST_COLOR=no \
    ctest --test-dir "$folder" -j "$(nproc)" --output-on-failure --no-tests=ignore \
    --output-junit "$results/ctest.xml" "$@" </dev/null || true
  local counts
  counts=$(/usr/bin/env python3 "$root/tools/checks/count_tests.py" "$results") || counts="0 1"
  # shellcheck disable=SC2086  # two numbers
  record "$part" $counts
}

quick_checks() {
  build asan --tests -- writ_quick_tests || return 1
  run_ctest asan "unit and property" -L '^(unit|property)$'
}

everyday_checks() {
  build release --tests -- writ || return 1
  build asan --tests || return 1
  run_ctest asan "unit and property" -L '^(unit|property)$'
  run_ctest asan "contract and integration" -L '^(contract|integration)$'
  end_to_end_checks
  check "readme examples" python3 tools/check_readme.py
}

# named_checks <name>…: programs by name, else single tests in all programs, else pytest files.
named_checks() {
  local name before python_tests=()
  build asan --tests || return 1
  for name in "$@"; do
    if [[ $name == tests/e2e/* ]]; then
      python_tests+=("$name")
    elif ctest --test-dir build/asan -N -R "$name" | grep -q '^Total Tests: [1-9]'; then
      run_ctest asan "$name" -R "$name"
    else
      before=$((passed_total + failed_total))
      GTEST_FILTER="*$name*" run_ctest asan "$name"
      if ((passed_total + failed_total == before)); then
        echo "no program and no test is named like $name"
        record "$name" 0 1
      fi
    fi
  done
  if ((${#python_tests[@]})); then
    build release --tests -- writ || return 1
    end_to_end_checks "${python_tests[@]}"
  fi
}
