#!/usr/bin/env python3
"""Trains every deck of decks.txt and compares its losses, bit by bit, with losses.json: bits.py HEDDLE

A change of the code that is not meant to change arithmetic changes no bit of any loss, gradient norm or validation
loss. Bits also depend on the compiler and its flags (what is contracted to fused multiply-adds, how Eigen, which
multiplies in fp64, uses vectors), on the vectors that oneDNN uses in fp32, on the C library's logarithm, and on the
order in which MPI sums over ranks. So the program is that of the preset `counts` (x86-64-v3, nothing of this machine),
oneDNN is held to AVX2, a rank is one thread, and the file says what it was made with. With HEDDLE_UPDATE=1 it is
written anew.
"""
import pathlib
import shutil
import sys
import tempfile

import h5py

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "support"))
from stored import held_to, output, version  # noqa: E402

LAUNCH = HERE.parent.parent / "jobs" / "local.sh"
STORED = HERE / "losses.json"
COLUMNS = ["loss", "gradient_norm", "validation_loss"]
AXES = ("grid.data", "grid.pipeline", "grid.tensor")


def decks():
    """Name -> overrides."""
    lines = [line.split() for line in (HERE / "decks.txt").read_text().splitlines() if line and line[0] != "#"]
    return {name: overrides for name, *overrides in lines}


def ranks(overrides):
    product = 1
    for key, value in (one.split("=", 1) for one in overrides):
        product *= int(value) if key in AXES else 1
    return product


def text():
    """Something to learn that is the same everywhere: multiplication."""
    return "".join(f"{a} times {b} is {a * b}.\n" for a in range(1, 40) for b in range(1, 40))


def trained(heddle, folder, overrides):
    """Each column of one run's steps, as hexadecimal numbers."""
    shutil.rmtree(folder / "out", ignore_errors=True)
    output(LAUNCH, str(ranks(overrides)), heddle, "run", "base.toml", *overrides, folder=folder)
    with h5py.File(folder / "out" / "run.h5", "r", locking=False) as file:
        steps = file["steps"][:]
    return {column: " ".join(float(number).hex() for number in steps[column]) for column in COLUMNS}


def all_trained(heddle):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for file in ("base.toml", "rows.csv"):
            shutil.copy(HERE / file, folder)
        (folder / "text.txt").write_text(text())
        output(heddle, "prepare", "text.txt", "-o", "tokens.h5", folder=folder)
        return {name: trained(heddle, folder, overrides) for name, overrides in decks().items()}


def differences(was, now):
    """A line for each deck that is new, gone, or has other bits, with the first number that differs."""
    lines = []
    for name in sorted(was.keys() | now.keys()):
        if name not in was or name not in now:
            lines.append(f"  {name}: {'is not stored' if name in now else 'was not trained'}")
            continue
        for column in COLUMNS:
            before, after = was[name][column].split(), now[name][column].split()
            step = next((i for i, (b, a) in enumerate(zip(before, after)) if b != a), None)
            if step is not None:
                lines.append(f"  {name}: {column} of step {step + 1} is {float.fromhex(after[step]):.17g}, "
                             f"was {float.fromhex(before[step]):.17g}")
            elif len(before) != len(after):
                lines.append(f"  {name}: {len(after)} steps, were {len(before)}")
    return lines


def main():
    now = all_trained(pathlib.Path(sys.argv[1]).resolve())
    stored = held_to("bits", STORED, "decks", now, [version("c++"), version("mpirun")], differences,
                     "losses that differ from")
    if stored is None:
        print(f"bits: the losses of {len(now)} decks, written to {STORED.name}")
    else:
        print(f"bits: {len(now)} decks train to the losses of {STORED.name}, bit by bit")


if __name__ == "__main__":
    main()
