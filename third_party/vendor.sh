#!/usr/bin/env bash
# Fetches the third-party sources pinned in fetch/Cargo.lock (with their checksums) into a folder.
# Usage: third_party/vendor.sh <folder>      The folder gets <crate>-<version>/ for every crate. Repeatable.
set -euo pipefail
[[ $# -eq 1 ]] || { echo "usage: $0 <folder>" >&2; exit 2; }
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$1

key=$(sha256sum "$here/fetch/Cargo.lock" | cut -d' ' -f1)
if [[ -f "$folder/.complete" && $(<"$folder/.complete") == "$key" ]]; then
  echo "third-party sources: already in $folder"
  exit 0
fi
echo "third-party sources: fetching into $folder"
mkdir -p "$folder"
rm -f "$folder/.complete"
cargo vendor --quiet --locked --versioned-dirs --manifest-path "$here/fetch/Cargo.toml" "$folder" >/dev/null
echo "$key" >"$folder/.complete"
