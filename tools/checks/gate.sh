# shellcheck shell=bash disable=SC2034,SC2154
# What ./test --all adds to ./test. A missing tool is a failure here, never a silent skip.

format_is_clean() {
  local files
  mapfile -t files < <(git ls-files --cached --others --exclude-standard -- 'src/*.h' 'src/*.cc' 'bench/*.h' 'bench/*.cc' 'tests/*.cc' 'tests/*.h')
  clang-format-19 --dry-run --Werror "${files[@]}" 2>&1 | grep -E 'error:' | cut -d: -f1 | sort | uniq -c
  if ((PIPESTATUS[0] != 0)); then
    echo "format: run clang-format-19 -i on these files"
    return 1
  fi
  echo "format: ${#files[@]} files"
}

shell_is_clean() {
  local files
  mapfile -t files < <(git ls-files --cached --others --exclude-standard -- run test .ci/run '*.sh')
  shellcheck --external-sources --source-path=SCRIPTDIR --source-path="$root" "${files[@]}" && echo "shell: ${#files[@]} files"
}

tidy_is_clean() { python3 tools/tidy.py --build build/asan --cache "${XDG_CACHE_HOME:-$HOME/.cache}/writ/tidy"; }

# docs/generated is what the product says about itself.
generated_is_equal() { python3 tools/generate_docs.py --check; }

gate_checks() {
  begin "gate tools"
  if "$root/tools/setup/setup.sh" --gate; then record "gate tools" 1 0; else record "gate tools" 0 1; fi
  check format format_is_clean
  check shell shell_is_clean
  check layers python3 tools/check_layers.py
  check tree python3 tools/check_tree.py
  check tripwires python3 tools/tripwires.py --check
  pytest_part "model data" models/requirements-test.txt models/test_models.py
  pytest_part "served documents" tests/e2e/requirements-schemathesis.txt tests/e2e/served_documents.py
  pytest_part "structured outputs" tests/structured_outputs/requirements.txt tests/structured_outputs
  check names python3 tools/check_names.py
  check tidy tidy_is_clean
  if build tsan --gate; then
    run_ctest tsan "tsan"
  else
    not_run "tsan tests" "the tsan build failed"
  fi
  if [[ -x build/release/bin/writ && -d docs/generated ]]; then
    check "generated docs" generated_is_equal
  else
    not_run "generated docs" "docs/generated or the product does not exist yet"
  fi
}
