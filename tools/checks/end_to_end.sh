# shellcheck shell=bash disable=SC2034,SC2154
# The e2e suite: pytest against the product binary, over HTTP only, in a virtual environment with pinned packages.

# Sets pytest_python to the interpreter of an environment that has tests/e2e/requirements.txt.
e2e_environment() {
  local requirements=$root/tests/e2e/requirements.txt cache=${XDG_CACHE_HOME:-$HOME/.cache}/writ base folder
  base=$(command -v python3)
  folder=$cache/venv-$({ sha256sum <"$requirements"; "$base" --version; } | sha256sum | cut -c1-12)
  pytest_python=$folder/bin/python
  [[ -f $folder/.complete ]] && return 0
  rm -rf "$folder"
  "$base" -m venv "$folder" 2>/dev/null || /usr/bin/python3 -m venv --clear "$folder" || return 1
  "$pytest_python" -m pip install --quiet --disable-pip-version-check --requirement "$requirements" || return 1
  touch "$folder/.complete"
}

# end_to_end_checks [<pytest argument>…]
end_to_end_checks() {
  if [[ ! -f tests/e2e/requirements.txt ]]; then
    not_run e2e "tests/e2e does not exist yet"
    return 0
  fi
  begin e2e
  local report=$root/build/e2e.xml counts
  rm -f "$report"
  if ! e2e_environment; then
    echo "e2e: the Python packages of tests/e2e/requirements.txt could not be installed"
    record e2e 0 1
    return 0
  fi
  (($# == 0)) && set -- tests/e2e
  # E2E_* rather than WRIT_*: the product refuses WRIT_ variables that it does not know.
  env -u WRIT_JOBS E2E_BINARY="$root/build/release/bin/writ" E2E_TEST_BINARY="$root/build/asan/bin/writ" \
    "$pytest_python" -m pytest -q -p no:cacheprovider --junitxml="$report" "$@" </dev/null || true
  counts=$("$pytest_python" "$root/tools/checks/count_junit.py" "$report") || counts="0 1"
  # shellcheck disable=SC2086  # two numbers
  record e2e $counts
}
