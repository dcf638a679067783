#!/usr/bin/env bash
# Writes the text of the first run, the King James Bible from Debian's package bible-kjv-text, as plain text:
# one verse a line without its number, an empty line between chapters, 4.1 MB: `inputs/king_james.sh OUT`.
# The translation of 1611 is out of copyright; the package holds the text for unrestricted use.
set -euo pipefail
out=${1:?usage: inputs/king_james.sh OUT}

mkdir -p "$(dirname "$out")"
bible -f gen1:1-rev22:21 | awk '
  { chapter = $1; sub(/:.*/, "", chapter); sub(/^[^ ]+ /, "") }
  NR > 1 && chapter != last { print "" }
  { print; last = chapter }' >"$out.part"
mv "$out.part" "$out"
