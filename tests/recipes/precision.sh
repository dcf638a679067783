#!/usr/bin/env bash
# The deck of `make run` for 1,000 steps in fp32, in bf16 and with each way to save memory or messages, and a picture of
# their losses: none may end more than 0.5 % above fp32's held-out loss. Another seed in fp32 tells what chance does.
#   tests/recipes/precision.sh -o losses.png [section.key=value ...]
# HEDDLE names another program than build/release/heddle. Ten minutes on two cores; docs/parity.md has the picture.
set -euo pipefail
usage="usage: tests/recipes/precision.sh -o losses.png [section.key=value ...]"
[[ ${1:-} == -o && ${2:-} ]] || { echo "$usage" >&2; exit 2; }
picture=$(realpath "$2")
shift 2
here=$(realpath "$(dirname "$0")/../..")
heddle=$(realpath "${HEDDLE:-$here/build/release/heddle}")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
make -C "$here" --no-print-directory data/first.h5 >/dev/null

# train NAME [section.key=value ...]
train() {
  local name=$1
  shift
  echo "precision: $name"
  "$here/jobs/local.sh" 4 "$heddle" run "$here/inputs/first.toml" data.tokens="$here/data/first.h5" train.steps=1000 \
    train.evaluate_every=100 output.directory="$folder/$name" output.events=false "$@" >"$folder/$name.log" 2>&1 ||
    { cat "$folder/$name.log" >&2; return 1; }
  runs+=("$folder/$name/run.h5")
}

runs=()
data=(grid.data=2 grid.pipeline=1)  # two ranks that sum gradients
train fp32 "$@"
train "fp32, seed 2" train.seed=2 data.seed=2 "$@"
train bf16 train.precision=bf16 "$@"
train "bf16, moments" train.precision=bf16 optimizer.moments=bf16 "$@"
train "bf16, no masters" train.precision=bf16 optimizer.masters=none "$@"
train "bf16, neither" train.precision=bf16 optimizer.moments=bf16 optimizer.masters=none "$@"
train "bf16, gradients" train.precision=bf16 comm.gradients=bf16 "${data[@]}" "$@"
"${PYTHON:-/usr/bin/python3}" "$here/analysis/compare_losses.py" "${runs[@]}" -o "$picture"
"${PYTHON:-/usr/bin/python3}" - "${runs[@]}" <<'EOF'
import pathlib
import sys

import h5py

losses = {}
for path in sys.argv[1:]:
    steps = h5py.File(path)["steps"][:]
    losses[pathlib.Path(path).parent.name] = [x for x in steps["validation_loss"] if x == x][-1]
first = losses["fp32"]
for name, loss in losses.items():
    print(f"{name:<20}{loss:.4f}  {100 * (loss / first - 1):+.2f} %")
sys.exit(any(loss / first - 1 > 0.005 for name, loss in losses.items() if "seed" not in name))
EOF
