#!/usr/bin/env bash
# Puts the sources of llama.cpp's own llama-bench into a folder; nothing of it is part of the product.
# They come from an npm package that carries llama.cpp's git tree, through npm's own client, with a pinned checksum.
# Usage: bench/llama_bench/fetch.sh <folder>
set -euo pipefail
[[ $# -eq 1 ]] || { echo "usage: $0 <folder>" >&2; exit 2; }
package=node-llama-cpp version=3.22.1
sha256=a0d9dd80eacd2ab1cfe71aee57ac8a806487fd70b3d2a38fbec637752d9e5c5f
folder=$1
[[ -f $folder/llama-bench.cpp && -f $folder/main.cpp ]] && exit 0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
npm pack --silent "$package@$version" >/dev/null
echo "$sha256  $package-$version.tgz" | sha256sum --check --quiet
tar -xzf "$package-$version.tgz" package/llama/gitRelease.bundle
git -c advice.detachedHead=false clone -q --no-checkout package/llama/gitRelease.bundle tree
mkdir -p "$folder"
for file in llama-bench.cpp main.cpp; do git -C tree show "HEAD:tools/llama-bench/$file" >"$folder/$file"; done
