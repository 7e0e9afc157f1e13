# shellcheck shell=bash disable=SC2034,SC2154
# `./run setup --check`: says what is missing and changes nothing. Sourced by setup.sh.

missing_packages "${rows[@]}"
if ((${#missing[@]})); then
  say "missing packages:"
  for why in "${missing_why[@]}"; do say "  $why"; done
  say "./run setup installs them; by hand: apt-get install -y --no-install-recommends ${missing[*]}"
  exit 1
fi
find_rust
find_python pip
PATH=$rust_bin:$PATH
read_model_facts
lacking=0 wanted=(boost models llama rust)
if [[ -n $embeddings_too ]]; then
  read_embedding_facts
  wanted+=(embeddings)
fi
for part in "${wanted[@]}"; do
  if part_is_complete "$("${part}_folder")"; then
    say "$part: ready"
  else
    say "$part: not made yet; ./run setup makes it"
    lacking=1
  fi
done
exit $lacking
