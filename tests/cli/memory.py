"""A rank takes what `heddle check` says, in all, within a tenth: its VmHWM, of plans above 200 MiB, with checkpoints. What the message library
takes for sums of gradients is a bound, since how many are under way at once nobody knows: there no more is taken."""
import os
import re
import resource
import subprocess
import sys
import unittest

from program import alone_and_on

MEASURE = "--measure"  # in place of the program: the rank's own peak, which ends this process
LARGE = ["model.layers=4", "model.heads=8", "model.width=512", "model.context=128", "output.checkpoint_every=1"]


class Memory(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.alone, _ = alone_and_on(2, HEDDLE, LAUNCH, cls)
        cls.alone.prepare()

    def peaks(self, ranks, *overrides):
        """MiB of every rank."""
        launch = [*LAUNCH, "-n", str(ranks)] if ranks > 1 else []
        command = [*launch, sys.executable, __file__, MEASURE, HEDDLE, "run", "deck.toml", *LARGE, *overrides]
        done = subprocess.run(command, cwd=self.alone.folder, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True)
        found = [int(kib) / 1024 for kib in re.findall(r"(\d+) KiB;", done.stderr)]
        self.assertEqual((done.returncode, len(found)), (0, ranks), done.stderr)
        return found

    def test_what_check_says_is_what_a_rank_takes(self):
        cases = [(1, []), (2, ["grid.data=2"]), (2, ["grid.tensor=2", "model.width=768"]), (2, ["grid.pipeline=2", "model.width=768"])]
        for number, (ranks, overrides) in enumerate(cases):
            with self.subTest(ranks=ranks, overrides=overrides):
                code, text, errors = self.alone.run("check", "deck.toml", *LARGE, *overrides)
                self.assertEqual((code, errors), (0, ""))
                said = [(float(plan), float(total)) for total, plan in re.findall(r"of the host ([\d.]+) in all = plan ([\d.]+)", text)]
                self.assertGreater(min(plan for plan, _ in said), 200)
                for peak in self.peaks(ranks, *overrides, f"output.directory=run-{number}"):
                    self.assertLess(peak, 1.1 * max(total for _, total in said), f"{peak:.1f} MiB of {said}")
                    if "grid.data=2" not in overrides:
                        self.assertGreater(peak, 0.9 * min(total for _, total in said), f"{peak:.1f} MiB of {said}")


def measure(command):
    code = subprocess.run(command, stdout=subprocess.DEVNULL).returncode
    print(f"{resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss} KiB;", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    if sys.argv[1] == MEASURE:
        measure(sys.argv[2:])
    HEDDLE, *LAUNCH = sys.argv[1:]
    unittest.main(argv=sys.argv[:1])
