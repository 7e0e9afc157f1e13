# shellcheck shell=bash disable=SC2034,SC2154
# Debian packages: which are missing, why each is needed, and how they are installed (root, sudo, or a line to type).

check_system() {
  # shellcheck disable=SC1091
  local id='' like=''
  if [[ -r /etc/os-release ]]; then
    id=$(. /etc/os-release && echo "${ID:-} ${VERSION_ID:-}")
    like=$(. /etc/os-release && echo "${ID:-} ${ID_LIKE:-}")
  fi
  case $(uname -m) in x86_64 | aarch64) ;; *) fail "the CPU $(uname -m) is not supported" "Use an x86_64 or arm64 machine." ;; esac
  if ! command -v dpkg-query >/dev/null || [[ $like != *debian* ]]; then
    fail "this system (${id:-unknown}) is not supported" "Use Debian 12 or 13, for instance in a container or a chroot."
  fi
}

# missing_packages <"names|why"…>: sets the arrays missing and missing_why.
missing_packages() {
  missing=() missing_why=()
  local row package names=() installed
  for row in "$@"; do
    # shellcheck disable=SC2206  # package names hold no spaces or wildcards
    names+=(${row%%|*})
  done
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${names[@]}" 2>/dev/null || true)
  for row in "$@"; do
    local wanted=()
    for package in ${row%%|*}; do
      grep -qx "installed $package" <<<"$installed" || wanted+=("$package")
    done
    if ((${#wanted[@]})); then
      missing+=("${wanted[@]}")
      missing_why+=("${wanted[*]}: ${row#*|}")
    fi
  done
}

# install_packages <"names|why"…>
install_packages() {
  missing_packages "$@"
  ((${#missing[@]})) || return 0
  local line="apt-get install -y --no-install-recommends ${missing[*]}" log=$logs/packages.log as_root=()
  say "installing ${#missing[@]} Debian packages (removes nothing, needs no other source):"
  local why
  for why in "${missing_why[@]}"; do say "  $why"; done
  if ((EUID != 0)); then
    command -v sudo >/dev/null || fail "packages are missing, and this user is neither root nor has sudo" \
      "Ask somebody who may, to run:" "  $line" "then run the same command again."
    sudo -n true 2>/dev/null || [[ -t 0 ]] || fail "packages are missing, and sudo wants a password but there is no terminal" \
      "Run this first:" "  sudo $line" "then run the same command again."
    as_root=(sudo)
  fi
  local attempt apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300)
  for attempt in 1 2; do
    # A list that does not update is no failure yet: the packages may be known already.
    "${apt[@]}" update >"$log" 2>&1 </dev/null || true
    if "${apt[@]}" install -y --no-install-recommends --no-remove "${missing[@]}" >>"$log" 2>&1 </dev/null; then
      say "packages installed"
      return 0
    fi
    ((attempt == 1)) && say "apt-get failed once; trying again"
  done
  fail_with_log "apt-get could not install the packages" "$log" \
    "See what this says, then run the same command again:" "  ${as_root[*]} $line"
}

# True when `rustc` in the folder is new enough.
rust_is_enough() {
  local version
  version=$("$1/rustc" --version 2>/dev/null | awk '{ print $2 }') || return 1
  [[ -n $version && -x $1/cargo ]] && [[ $(printf '%s\n' "$rust_minimum" "$version" | sort -V | head -n 1) == "$rust_minimum" ]]
}

# Sets rust_bin to a folder with cargo and rustc of at least rust_minimum; false when there is none.
find_rust() {
  local folder
  rust_bin=
  for folder in "$(dirname "$(command -v rustc || echo /nowhere/rustc)")" "${CARGO_HOME:-$HOME/.cargo}/bin" /usr/bin; do
    if rust_is_enough "$folder"; then
      rust_bin=$folder
      return 0
    fi
  done
  return 1
}

# needed_tool_rows [tests]: rows that the machine lacks in programs rather than in packages: any Rust and any Python that is
# good enough serves.
needed_tool_rows() {
  find_rust || echo "cargo-web rustc-web|Rust $rust_minimum or newer, for the policy language"
  find_python pip || echo "python3 python3-pip|downloads and unpacks what comes as a Python package"
  [[ -z ${1:-} ]] || find_python ensurepip || echo "python3-venv|the Python packages of the end-to-end tests, in a folder of their own"
}

# find_python <module>: sets python to a Python 3 that has it; false when there is none.
find_python() {
  local candidate
  python=
  for candidate in python3 /usr/bin/python3; do
    if "$candidate" -c "import $1" >/dev/null 2>&1; then
      python=$candidate
      return 0
    fi
  done
  return 1
}
