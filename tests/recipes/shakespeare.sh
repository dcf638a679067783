#!/usr/bin/env bash
# Shakespeare by characters on one rank and on 2 data x 2 pipeline ranks: both runs must reach the same validation loss.
#   tests/recipes/shakespeare.sh tinyshakespeare.txt [section.key=value ...]
# HEDDLE names another program than build/release/heddle. Two minutes on two cores; docs/recipes.md has the figures.
set -euo pipefail
text=$(realpath "${1:?usage: tests/recipes/shakespeare.sh TEXT [section.key=value ...]}")
shift
here=$(realpath "$(dirname "$0")/../..")
heddle=$(realpath "${HEDDLE:-$here/build/release/heddle}")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

"$heddle" prepare "$text" --tokenizer char -o data/shakespeare_char.h5

# train RANKS NAME [section.key=value ...]: prints the last validation loss
train() {
  local ranks=$1 name=$2
  shift 2
  "$here/jobs/local.sh" "$ranks" "$heddle" run "$here/inputs/shakespeare_char.toml" \
    output.directory="$name" "$@" >"$name.log" 2>&1 || { cat "$name.log" >&2; return 1; }
  sed -n 's/.*validation loss \([0-9.]*\).*/\1/p' "$name.log" | tail -n 1
}

one=$(train 1 one "$@")
four=$(train 4 four grid.data=2 grid.pipeline=2 "$@")
echo "validation loss $one on 1x1x1, $four on 2x2x1 (data x pipeline x tensor)"
awk -v a="$one" -v b="$four" 'BEGIN { d = a - b; exit !(a > 0 && b > 0 && d < 1e-3 && d > -1e-3) }' ||
  { echo "they differ by more than 1e-3" >&2; exit 1; }
