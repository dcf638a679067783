#!/usr/bin/env python3
"""A program of a user's own observes a run: observed.py HEDDLE OBSERVED_RUN MPIEXEC [FLAGS...]."""
import math
import re
import sys
import tempfile
import unittest

from program import Program

HEDDLE, OBSERVED, LAUNCH = sys.argv[1], sys.argv[2], sys.argv[3:]


class Observed(unittest.TestCase):
    def test_every_microbatch_of_every_stage_is_seen(self):
        with tempfile.TemporaryDirectory(prefix="heddle-observed-") as folder:
            alone = Program(HEDDLE, folder, 1, LAUNCH)
            alone.prepare()
            code, output, errors = Program(OBSERVED, folder, 2, LAUNCH).run("deck.toml", "grid.pipeline=2",
                                                                            "pipeline.microbatches=4")
            self.assertEqual((code, errors), (0, ""), output)
            seen = re.findall(r"stage (\d) microbatch (\d): [\d.]+ s, (\d+) actions in 2 steps", output)
            self.assertEqual(seen, [(str(stage), str(m), "16") for stage in range(2) for m in range(4)], output)
            losses = re.findall(r"^step (\d): loss ([\d.]+), gradient norm [\d.]+$", output, re.MULTILINE)
            self.assertEqual([step for step, _ in losses], ["0", "1"], output)
            for _, loss in losses:
                self.assertAlmostEqual(float(loss), math.log(256), delta=1, msg=output)  # as little as it knows at first


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
