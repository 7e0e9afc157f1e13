# shellcheck shell=bash disable=SC2034,SC2154
# The cache folder: where prepared parts live, how a part becomes complete, and the lock against a second set-up.
#
# A part is a folder parts/<name>-<key>. It is made as <name>-<key>.tmp and renamed when complete, so an interruption
# leaves no half part; `.complete` holds checksums of its outputs, which every set-up verifies.

cache=${XDG_CACHE_HOME:-$HOME/.cache}/writ
parts=$cache/parts
logs=$cache/logs

# hash_of <text…>: 12 hexadecimal digits.
hash_of() { printf '%s\n' "$@" | sha256sum | cut -c1-12; }

# hash_of_tree <folder>: names and contents of every file that a build could read.
hash_of_tree() {
  (cd "$1" && find . -type f -not -path '*/target/*' -not -name '*.md' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum) |
    sha256sum | cut -c1-12
}

# The instruction sets of this CPU as the compiler sees them: code made for another CPU may not run here.
cpu_key() { clang-19 -march=native -dM -E -x c /dev/null | LC_ALL=C sort | sha256sum | cut -c1-12; }

part_is_complete() { [[ -f $1/.complete ]] && (cd "$1" && sha256sum --check --status .complete); }

# finish_part <folder> <output…>: records the checksums of the outputs in <folder>.tmp and gives it its name.
finish_part() {
  local folder=$1
  shift
  (cd "$folder.tmp" && sha256sum "$@" >.complete)
  rm -rf "$folder"
  mv "$folder.tmp" "$folder"
}

make_cache() {
  mkdir -p "$parts" "$logs" 2>/dev/null ||
    fail "the cache folder $cache cannot be written" "Make it writable, or set XDG_CACHE_HOME to a folder that is."
}

lock_cache() {
  exec {lock_fd}>"$cache/lock"
  if ! flock --nonblock "$lock_fd"; then
    say "another set-up is at work; waiting for it"
    flock "$lock_fd"
  fi
}

check_disk() {
  local free
  free=$(df -Pm "$cache" | awk 'NR == 2 { print $4 }')
  if ((free < disk_minimum_mib)); then
    fail "only $free MiB are free for $cache; a first set-up needs $disk_minimum_mib MiB" \
      "Free some space, or set XDG_CACHE_HOME to a folder on a larger disk, and run the same command again."
  fi
}

# prune_parts <folder in use…>: keeps the four newest of each part, and drops links to what is gone.
prune_parts() {
  local name old
  touch "$@"
  for name in boost models llama rust sources embeddings; do
    while IFS= read -r old; do rm -rf "$old"; done < <(find "$parts" -maxdepth 1 -name "$name-*" -printf '%T@ %p\n' | sort -rn | sed -n '5,$ s/^[^ ]* //p')
  done
  for old in "$cache"/deps-*; do
    [[ ! -d $old || -e $old/rust && -e $old/llama && -e $old/boost ]] || rm -rf "$old"
  done
}
