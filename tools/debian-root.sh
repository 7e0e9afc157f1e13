#!/usr/bin/env bash
# Runs a command in a fresh Debian root that has only git, sudo and a shell, in a clean clone of this repository.
# Usage: tools/debian-root.sh <bookworm|trixie> <root|user> <command> [CACHE]
#   root   the command runs as root; user: as a new user with sudo
#   CACHE  a folder: a call that does not find it begins cold and leaves there the third-party parts it built; the next begins with them
# Needs root and mmdebstrap. The bare root is kept as an archive in the cache; each call gets its own copy and removes it.
set -euo pipefail
(($# == 3 || $# == 4)) || { echo "usage: $0 <bookworm|trixie> <root|user> <command> [CACHE]" >&2; exit 2; }
suite=$1 who=$2 command=$3 kept=${4:-}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/writ
((EUID == 0)) || { echo "$0: making a Debian root needs root" >&2; exit 1; }
command -v mmdebstrap >/dev/null || { echo "$0: mmdebstrap is missing: apt-get install mmdebstrap" >&2; exit 1; }

archive=$cache/roots/$suite.tar
if [[ ! -f $archive ]]; then
  mkdir -p "${archive%/*}"
  mmdebstrap --quiet --format=tar --variant=minbase --include=git,sudo "$suite" "$archive.tmp"
  mv "$archive.tmp" "$archive"
fi

folder=$(mktemp -d "$cache/roots/$suite.XXXXXX")
trap 'rm -rf --one-file-system "$folder"' EXIT
tar -xf "$archive" -C "$folder"
cp -L /etc/resolv.conf "$folder/etc/resolv.conf"
chroot "$folder" useradd --create-home --shell /bin/bash dev
echo 'dev ALL=(ALL) NOPASSWD:ALL' >"$folder/etc/sudoers.d/dev"
home=/root
[[ $who == root ]] || home=/home/dev
git clone --quiet --no-hardlinks "$root" "$folder$home/writ"
built=$folder$home/.cache/writ
if [[ -n $kept && -d $kept ]]; then
  mkdir -p "${built%/*}"
  cp -a "$kept" "$built"
fi
[[ $who == root ]] || chroot "$folder" chown -R dev:dev "$home"

# A machine behind a proxy with its own certificate authority needs both inside as well.
environment=(HOME="$home" LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin)
for name in http_proxy https_proxy no_proxy; do
  [[ -z ${!name:-} ]] || environment+=("$name=${!name}")
done
authority=${SSL_CERT_FILE:-${PIP_CERT:-}}
if [[ -n $authority ]]; then
  mkdir -p "$folder/usr/local/share/authority"
  cp -L "$authority" "$folder/usr/local/share/authority/bundle.pem"
  for name in SSL_CERT_FILE PIP_CERT CARGO_HTTP_CAINFO; do environment+=("$name=/usr/local/share/authority/bundle.pem"); done
fi

login=()
[[ $who == root ]] || login=(runuser -u dev --)
code=0
# A mount namespace of its own: nothing stays mounted, whatever happens.
# shellcheck disable=SC2016  # the inner shell expands
unshare --mount --pid --fork --propagation private bash -c '
  set -e
  folder=$1 home=$2
  shift 2
  mount -t proc proc "$folder/proc"
  mount --rbind /dev "$folder/dev"
  exec chroot "$folder" env -i "$@"
' bash "$folder" "$home" "${environment[@]}" "${login[@]}" bash -c "cd ~/writ && $command" </dev/null || code=$?
if [[ -n $kept && ! -d $kept && -d $built/parts ]]; then
  mkdir -p "$kept"
  for part in parts rust-target; do cp -a "$built/$part" "$kept/"; done
fi
exit "$code"
