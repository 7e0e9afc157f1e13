# shellcheck shell=bash disable=SC2034,SC2154
# Counts what passed and failed, keeps the times, and prints the table and the closing line.

passed_total=0 failed_total=0
result_rows=() omissions=()
part_started=$SECONDS

# begin <part>: a heading; the clock of the part starts.
begin() {
  part_started=$SECONDS
  printf '\n== %s\n' "$1"
}

# record <part> <passed> <failed>: ends the part.
record() {
  local seconds=$((SECONDS - part_started))
  passed_total=$((passed_total + $2)) failed_total=$((failed_total + $3))
  result_rows+=("$(printf '%-28s %7d %7d %6d:%02d' "$1" "$2" "$3" $((seconds / 60)) $((seconds % 60)))")
  part_started=$SECONDS
}

# check <part> <command…>: a part that passes or fails as one.
check() {
  local part=$1
  shift
  begin "$part"
  if "$@"; then record "$part" 1 0; else record "$part" 0 1; fi
}

# not_run <part> <why>
not_run() {
  omissions+=("NOT RUN: $1, $2")
  printf 'NOT RUN: %s, %s\n' "$1" "$2"
}

finish() {
  printf '\n%-28s %7s %7s %9s\n' part passed failed min:sec
  printf '%s\n' "${result_rows[@]}"
  ((${#omissions[@]} == 0)) || printf '%s\n' "${omissions[@]}"
  printf 'total time %d:%02d\n' $((SECONDS / 60)) $((SECONDS % 60))
  printf '%d passed, %d failed\n' "$passed_total" "$failed_total"
  ((failed_total == 0 && passed_total > 0))
}
