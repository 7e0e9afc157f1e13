#!/usr/bin/env bash
# Builds llama.cpp as static archives and installs them with headers and llama.cmake.
# Usage: third_party/build-llama.sh <folder of vendor.sh> <prefix> [native|portable]
#   native    for this machine's CPU (the default); portable: x86-64-v3, for images.
# Environment: CC, CXX (clang-19, clang++-19), WRIT_JOBS (all cores). Uses ccache where it is installed.
# Repeatable: does nothing when the prefix holds a build of the same source, compiler, mode and CPU.
set -euo pipefail
[[ $# -eq 2 || $# -eq 3 ]] || { echo "usage: $0 <vendored folder> <prefix> [native|portable]" >&2; exit 2; }
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
vendor=$1 prefix=$2 mode=${3:-native}
cc=${CC:-clang-19} cxx=${CXX:-clang++-19} jobs=${WRIT_JOBS:-$(nproc)}

case $mode in native) native=ON ;; portable) native=OFF ;; *) echo "$0: mode is native or portable, not $mode" >&2; exit 2 ;; esac
version=$(sed -n '/^name = "llama-cpp-sys-2"/{n;s/version = "\(.*\)"/\1/p}' "$here/fetch/Cargo.lock")
source=$(realpath "$vendor")/llama-cpp-sys-2-$version/llama.cpp
[[ -f $source/include/llama.h ]] || { echo "$0: $source is missing: run third_party/vendor.sh $vendor first" >&2; exit 1; }

cpu=portable
if [[ $mode == native ]]; then cpu=$("$cc" -march=native -dM -E -x c /dev/null | sort | sha256sum | cut -d' ' -f1); fi
key=$({ echo "$version $mode $cpu"; "$cxx" --version; cat "$here/llama/CMakeLists.txt" "$here/llama/llama.cmake.in"; } | sha256sum | cut -d' ' -f1)
if [[ -f $prefix/.key && $(<"$prefix/.key") == "$key" ]]; then
  echo "llama.cpp $version ($mode): already in $prefix"
  exit 0
fi

echo "llama.cpp $version ($mode): building with $jobs jobs"
build=$prefix/build
mkdir -p "$prefix"
rm -f "$prefix/.key"
launcher=()
if command -v ccache >/dev/null; then
  launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
fi
cmake -S "$here/llama" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_COMPILER="$cc" -DCMAKE_CXX_COMPILER="$cxx" \
  "${launcher[@]}" -DGGML_NATIVE=$native -DWRIT_LLAMA_SOURCE="$source" -DCMAKE_INSTALL_PREFIX="$(realpath "$prefix")" >"$prefix/configure.log" 2>&1 ||
  { cat "$prefix/configure.log" >&2; exit 1; }
NINJA_STATUS='[llama %f/%t %es] ' ninja -C "$build" -j "$jobs"
cmake --install "$build" >"$prefix/install.log" || { cat "$prefix/install.log" >&2; exit 1; }
echo "$key" >"$prefix/.key"
rm -rf "$build"
echo "llama.cpp $version ($mode): installed in $prefix"
