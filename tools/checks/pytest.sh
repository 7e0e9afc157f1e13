# shellcheck shell=bash disable=SC2034,SC2154
# Tests in Python: each with its pinned packages in a virtual environment in the cache.

# shellcheck source=tools/setup/packages.sh
. "$root/tools/setup/packages.sh" # find_python

# Sets pytest_python to the interpreter of an environment that has the packages of the requirements file.
python_environment() {
  local requirements=$root/$1 cache=${XDG_CACHE_HOME:-$HOME/.cache}/writ folder
  find_python ensurepip || return 1
  folder=$cache/venv-$({ sha256sum <"$requirements"; "$python" --version; } | sha256sum | cut -c1-12)
  pytest_python=$folder/bin/python
  [[ -f $folder/.complete ]] && return 0
  rm -rf "$folder"
  "$python" -m venv "$folder" || return 1
  "$pytest_python" -m pip install --quiet --disable-pip-version-check --requirement "$requirements" || return 1
  touch "$folder/.complete"
}

# pytest_part <part> <requirements> <pytest argument>…: records what pytest counted.
pytest_part() {
  local part=$1 requirements=$2 report=$root/build/${1// /-}.xml counts
  shift 2
  begin "$part"
  rm -f "$report"
  if ! python_environment "$requirements"; then
    echo "$part: the Python packages of $requirements could not be installed"
    record "$part" 0 1
    return 0
  fi
  # E2E_* rather than WRIT_*: the product refuses WRIT_ variables that it does not know.
  env -u WRIT_JOBS E2E_BINARY="$root/build/release/bin/writ" E2E_TEST_BINARY="$root/build/asan/bin/writ" \
    "$pytest_python" -m pytest -q -p no:cacheprovider --junitxml="$report" "$@" </dev/null || true
  counts=$("$pytest_python" "$root/tools/checks/count_junit.py" "$report") || counts="0 1"
  # shellcheck disable=SC2086  # two numbers
  record "$part" $counts
}

# The suite of the product binary, over HTTP only.
# end_to_end_checks [<pytest argument>…]
end_to_end_checks() {
  (($# == 0)) && set -- tests/e2e
  pytest_part e2e tests/e2e/requirements.txt "$@"
}
