# shellcheck shell=bash disable=SC2034,SC2154
# Decides in a few milliseconds whether the product in build/release is what the sources would give. The stamp's time is
# that of the build's start, so a file saved while it ran counts as newer; the stamp's text names machine and place.

binary=$root/build/release/bin/writ
stamp=$root/build/release/.fresh

machine_and_place() {
  printf '%s\n' "$root" "${XDG_CACHE_HOME:-$HOME/.cache}" "$(</etc/debian_version)"
  sed -n '/^flags\|^Features/ { p; q }' /proc/cpuinfo
}

build_is_fresh() {
  [[ -x $binary && -f $stamp && $(<"$stamp") == "$(machine_and_place)" ]] || return 1
  local watched=() path
  for path in src rust cmake third_party models/registry.json tools/setup CMakeLists.txt CMakePresets.json; do
    [[ -e $root/$path ]] && watched+=("$root/$path")
  done
  [[ -z $(find "${watched[@]}" \( -name target -o -name '__pycache__' \) -prune -o -cnewer "$stamp" -print -quit) ]]
}

begin_build_stamp() {
  mkdir -p "${stamp%/*}"
  machine_and_place >"$stamp.new"
}

end_build_stamp() { mv "$stamp.new" "$stamp"; }
