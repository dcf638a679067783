#!/usr/bin/env python3
"""Counts the instructions of a fixed training step and compares them with instructions.json: counts.py COUNTED_STEP

Times differ from hour to hour, instructions do not. The program is built for x86-64-v3, callgrind shows it the same
processor everywhere, and oneDNN is held to AVX2, so that the same libraries run the same instructions on any machine.
Counted is everything within one Trainer::step on one rank and one thread - kernels, oneDNN, libc, what else a step
does - and apart from it each function of heddle::kernels with all that it calls. With HEDDLE_UPDATE=1 the file is
written anew.
"""
import pathlib
import re
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "support"))
from stored import held_to, output, version  # noqa: E402

STORED = HERE / "instructions.json"
TOLERANCE = 0.02   # of a function's own count, and of the whole
COUNTS = 0.001     # of the step: what changes by less is not looked at
STEP = "whole step"


def counted(program):
    """Instructions by function, those of functions that it calls included."""
    with tempfile.TemporaryDirectory() as folder:
        profile = f"{folder}/callgrind.out"
        output("valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={profile}", program,
               str(HERE / "counted_step.toml"))
        lines = output("callgrind_annotate", "--inclusive=yes", "--threshold=100", profile).splitlines()
    found = {}
    for line in lines:
        if match := re.match(r"\s*([\d,]+) \([^)]*\)\s+(?:PROGRAM TOTALS|\S*?:heddle::kernels::(\w+)\()", line):
            name = match[2] or STEP
            found[name] = found.get(name, 0) + int(match[1].replace(",", ""))
    if STEP not in found or "gemm" not in found:
        sys.exit("counts: callgrind saw no training step; was the program stripped?\n" + "\n".join(lines[:40]))
    return found


def differences(was, now):
    """Lines on what changed by more than the tolerance, what grew most first."""
    changes = []
    for name in was.keys() | now.keys():
        before, after = was.get(name, 0), now.get(name, 0)
        if abs(after - before) > max(TOLERANCE * before, COUNTS * was[STEP]):
            change = f"{100 * (after / before - 1):+.1f} %" if before else "new"
            changes.append((before - after, f"  {name:<32}{before:>14,} -> {after:>14,}   {change}"))
    return [line for _, line in sorted(changes)]


def main():
    now = counted(sys.argv[1])
    stored = held_to("counts", STORED, "instructions", now, [version("c++"), version("valgrind")], differences,
                     f"instructions of a training step, further than {100 * TOLERANCE:.0f} % from")
    if stored is None:
        print(f"counts: {now[STEP]:,} instructions a step, written to {STORED.name}")
    else:
        print(f"counts: {now[STEP]:,} instructions a step, {100 * (now[STEP] / stored[STEP] - 1):+.2f} % of what is stored")


if __name__ == "__main__":
    main()
