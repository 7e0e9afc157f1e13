# shellcheck shell=bash disable=SC2034,SC2154
# Configures and builds a CMake preset in build/<preset>, against a folder of links to the prepared parts.

# Objects are shared between clones: paths below the clone do not count, only what is in the files.
use_ccache() {
  export CCACHE_DIR=${CCACHE_DIR:-$cache/ccache} CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1
  export CCACHE_MAXSIZE=${CCACHE_MAXSIZE:-4G}
}

# Sets deps to a folder with boost/, llama/, rust/ and models/, as cmake/third_party.cmake wants it.
link_parts() {
  deps=$cache/deps-$(hash_of "$boost" "$llama" "$rust" "$models")
  local name
  mkdir -p "$deps"
  for name in boost llama rust models; do ln -sfn "${!name}" "$deps/$name"; done
}

configure_preset() {
  local preset=$1 folder=$root/build/$1 log=$logs/configure-$1.log
  # A build folder that came from another place is of no use here.
  if [[ -f $folder/CMakeCache.txt ]] && ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$folder/CMakeCache.txt"; then
    rm -rf "$folder"
  fi
  if [[ ! -f $folder/build.ninja ]] || ! grep -qxF "WRIT_DEPS:PATH=$deps" "$folder/CMakeCache.txt"; then
    say "$preset: configuring"
    (cd "$root" && cmake --preset "$preset" -DWRIT_DEPS="$deps") >"$log" 2>&1 </dev/null ||
      fail_with_log "CMake could not configure $preset" "$log" "Correct what it names, then run the same command again."
  fi
}

# ninja_with_progress <preset> <target…>
ninja_with_progress() {
  local preset=$1 log=$logs/$1.log
  shift
  set -m
  ninja -C "$root/build/$preset" -j "$jobs" "$@" </dev/null >"$log" 2>&1 &
  set +m
  running["$preset"]=$!
  background+=("$!")
  await "$preset" "Correct what the compiler names, then run the same command again."
}

build_rooms() {
  configure_preset "$1"
  say "$1: compiling our own rooms"
  ninja_with_progress "$1" writ_rooms
}

build_preset() {
  configure_preset "$1"
  say "$1: building ${2:-everything}"
  ninja_with_progress "$@"
}
