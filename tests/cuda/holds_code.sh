#!/usr/bin/env bash
# Does a program hold machine code for a GPU? `tests/cuda/holds_code.sh PROGRAM sm_90`. Asks cuobjdump, of the CUDA Toolkit or, where
# that has none, of PyPI.
set -euo pipefail
program=$1 architecture=$2

cuobjdump=$(command -v cuobjdump || true)
if [[ -z $cuobjdump ]]; then
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  python3 -m pip download -q --no-deps -d "$folder" nvidia-cuda-cuobjdump
  python3 -m zipfile -e "$folder"/*.whl "$folder"
  cuobjdump=$(find "$folder" -name cuobjdump)
  chmod +x "$cuobjdump"
fi

kernels=$("$cuobjdump" --list-elf "$program" | grep -c "\.$architecture\." || true)
if ((kernels == 0)); then
  echo "$program holds no code for $architecture" >&2
  exit 1
fi
echo "$program holds $kernels pieces of code for $architecture"
