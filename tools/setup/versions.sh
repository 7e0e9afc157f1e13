# shellcheck shell=bash disable=SC2034,SC2154
# The pinned versions and checksums of set-up. llama.cpp is pinned in third_party/fetch/Cargo.lock, Rust libraries in
# rust/Cargo.lock, the models in models/registry.json.

readonly boost_version=1.88.0
readonly boost_wheel=libboost-headers
readonly boost_sha256=658a3b7c2d8cc9594d7f83aecbfdbfc4355a35aff3a19d5d4b0a02320e25833d

readonly rust_minimum=1.89  # cedar-policy 4.14 needs it

# Free space that a first set-up wants in the cache folder and the clone together, in MiB.
readonly disk_minimum_mib=4096

# Debian packages as "names|why", the same names in Debian 12 and 13.
build_packages=(
  "clang-19 lld-19|the C++23 compiler and linker"
  "cmake ninja-build ccache pkg-config|build tools; ccache makes a second clone cheap"
  "libfmt-dev libcli11-dev libhowardhinnant-date-dev|text formatting, command line, time zones"
  "libsqlite3-dev|the embedded database"
  "libssl-dev|TLS and signatures"
  "ca-certificates|to verify downloads"
)
case $(uname -m) in
  x86_64) build_packages+=("libhyperscan-dev|the multi-pattern matcher of the detectors") ;;
  *) build_packages+=("libvectorscan-dev|the multi-pattern matcher of the detectors") ;;
esac
test_packages=(
  "libgtest-dev librapidcheck-dev|unit and property tests"
  "libclang-rt-19-dev llvm-19|sanitizer runtimes and readable stack traces"
)
gate_packages=(
  "clang-tidy-19 clang-format-19 shellcheck|style and bug checks"
  "wamerican|the word list of the model's training data, which is tested"
)
