#!/usr/bin/env python3
"""Do losses on a device equal the host's? losses.py HEDDLE OBSERVED_RUN LAUNCH [--few]

Trains losses.toml for 50 steps on one rank in fp32, in fp32 with dropout, in tf32 and in bf16, and holds every loss to
losses.json, which a host wrote (HEDDLE_UPDATE=1), that of tf32 to the host's fp32; then on grids against one rank, and on one rank once more, which must
give the same bits. LAUNCH is a command that takes a number of ranks and a program: jobs/local.sh. The last line, after
"=>", says it all.

In fp32 a loss may be apart by a relative 1e-5, as between layouts (docs/invariance.md). In bf16 each of two runs
that sum in another order is as far from the fp32 run as bf16 takes it, so they are at most twice as far from each other.
TF32 rounds the factors of products and nothing else, eight times as finely as bf16: it may not be as far from fp32 as bf16 is.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))

from stored import output  # noqa: E402

STORED = HERE / "losses.json"
FP32 = 1e-5
KINDS = {"fp32": [], "fp32 with dropout": ["model.dropout=0.1"], "tf32": ["train.precision=tf32"], "bf16": ["train.precision=bf16"]}
HOSTS_KIND = {"tf32": "fp32"}  # a host has no other
GRIDS = [(1, 1, 2), (2, 2, 1), (1, 2, 2), (2, 2, 2)]  # data, pipeline, tensor
RESULT = re.compile(r"^step (\d+): loss (\S+), gradient norm (\S+)$", re.MULTILINE)


def prepare(heddle, folder):
    """Something to learn that is the same everywhere: multiplication."""
    lines = (f"{a} times {b} is {a * b}.\n" for a in range(1, 60) for b in range(1, 60))
    (folder / "text.txt").write_text("".join(lines))
    output(heddle, "prepare", "text.txt", "-o", "tokens.h5", folder=folder)
    shutil.copy(HERE / "losses.toml", folder)


class Trainer:
    def __init__(self, program, launch, folder):
        self.program, self.launch, self.folder = program, launch, folder

    def __call__(self, kind, grid=(1, 1, 1)):
        """(loss, gradient norm) of each step."""
        shutil.rmtree(self.folder / "out", ignore_errors=True)
        axes = [f"grid.{axis}={size}" for axis, size in zip(("data", "pipeline", "tensor"), grid)]
        ranks = grid[0] * grid[1] * grid[2]
        text = output(self.launch, str(ranks), self.program, "losses.toml", *axes, *KINDS[kind], folder=self.folder)
        return [(float(loss), float(norm)) for _, loss, norm in RESULT.findall(text)]


def apart(some, others):
    """The largest relative difference of a step's loss; without end where one has fewer steps."""
    if len(some) != len(others):
        return float("inf")
    return max(abs(a - b) / abs(b) for (a, _), (b, _) in zip(some, others))


class Verdicts:
    """Prints each comparison, and keeps the largest difference of each kind."""

    def __init__(self):
        self.largest, self.failures = {}, []

    def told(self, what, fine, how):
        print(f"{what}: {how}" + ("" if fine else ", WRONG"), flush=True)
        if not fine:
            self.failures.append(f"{what}: {how}")

    def within(self, kind, what, difference, allowed):
        self.told(f"{kind} {what}", difference <= allowed, f"{difference:.1e} of {allowed:.1e}")
        if difference >= self.largest.get(kind, (0, 0))[0]:
            self.largest[kind] = difference, allowed

    def summary(self):
        if self.failures:
            return "; ".join(self.failures)
        return "; ".join(f"{kind}: {difference:.1e} of {allowed:.1e} at most"
                         for kind, (difference, allowed) in self.largest.items()) + "; the same bits twice"


def compare(trainer, stored, grids):
    verdicts = Verdicts()
    of_bf16 = apart(stored["bf16"], stored["fp32"])
    allowed = dict.fromkeys(KINDS, FP32) | {"tf32": of_bf16, "bf16": 2 * of_bf16}
    one = {}
    for kind in KINDS:
        one[kind] = trainer(kind)
        verdicts.within(kind, "against the host", apart(one[kind], stored[HOSTS_KIND.get(kind, kind)]), allowed[kind])
        again = trainer(kind) == one[kind]
        verdicts.told(f"{kind} twice", again, "the same bits" if again else "other bits")
    for grid in grids:
        for kind in ("fp32", "bf16"):
            name = "x".join(map(str, grid))
            verdicts.within(kind, f"on {name} against one rank", apart(trainer(kind, grid), one[kind]), allowed[kind])
    print("=> " + verdicts.summary())
    return bool(verdicts.failures)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("heddle", type=pathlib.Path)
    parser.add_argument("observed_run", type=pathlib.Path)
    parser.add_argument("launch", type=pathlib.Path)
    parser.add_argument("--few", action="store_true", help="only the first grid")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="heddle-losses-") as name:
        folder = pathlib.Path(name)
        prepare(arguments.heddle.resolve(), folder)
        trainer = Trainer(arguments.observed_run.resolve(), arguments.launch.resolve(), folder)
        if os.environ.get("HEDDLE_UPDATE"):
            STORED.write_text(json.dumps({kind: trainer(kind) for kind in KINDS if kind not in HOSTS_KIND}) + "\n")
            return 0
        return compare(trainer, json.loads(STORED.read_text()), GRIDS[:1] if arguments.few else GRIDS)


if __name__ == "__main__":
    sys.exit(main())
