#!/usr/bin/env python3
"""How runs end that a fault is injected into, on two stages of two tensor ranks: faults.py HEDDLE MPIEXEC [FLAGS...]."""
import re
import sys
import time
import unittest

from program import DECK, TEXT, alone_and_on

HEDDLE, LAUNCH = sys.argv[1], sys.argv[2:]
RANKS = 4
GRID = ["grid.pipeline=2", "grid.tensor=2", "pipeline.microbatches=4"]


class Faults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.alone, cls.program = alone_and_on(RANKS, HEDDLE, LAUNCH, cls)
        cls.program.write("deck.toml", DECK)
        cls.alone.write("text.txt", TEXT)
        cls.alone.run("prepare", "text.txt", "-o", "tokens.h5")

    def run_with(self, fault, *overrides):
        return self.program.run("run", "deck.toml", "--fault", fault, *GRID, "train.steps=3", "output.log_every=1", "--overwrite", *overrides)

    def losses(self, output):
        return re.findall(r"step \d/3 +loss ([\d.]+)", output)

    def test_a_delay_changes_no_loss(self):
        code, plain, errors = self.program.run("run", "deck.toml", *GRID, "train.steps=3", "output.log_every=1", "--overwrite")
        self.assertEqual((code, errors), (0, ""), plain)
        begin = time.monotonic()
        code, delayed, errors = self.run_with("1B2:delay:seconds=1.5:step=2")
        self.assertEqual((code, errors), (0, ""), delayed)
        self.assertGreater(time.monotonic() - begin, 1.5)
        self.assertEqual(len(self.losses(plain)), 3)
        self.assertEqual(self.losses(delayed), self.losses(plain))

    def test_a_rank_that_stops_is_named_in_the_table(self):
        code, output, errors = self.run_with("1F3:hang:step=2:rank=3", "comm.timeout=2")
        self.assertEqual(code, 4, output + errors)
        self.assertEqual(errors.count("no progress for"), 1, errors)
        self.assertRegex(errors, r"\n *3  nothing: at work for \d\.\d s in (clock_)?nanosleep, called by [\w:]+; ranks that wait for it: 1\n")
        self.assertRegex(errors, r"\n *1 .*RECV_B")
        self.assertIn("step 1/3", output)
        self.assertNotIn("step 2/3", output)

    def test_a_rank_that_fails_ends_all_with_its_message(self):
        code, output, errors = self.run_with("0B1:fail:step=3")
        self.assertEqual((code, errors.strip()),
                         (1, "rank 0 fails before 0B1 of step 3 (as --fault asks)"), output)

    def test_a_number_that_is_none_ends_the_run(self):
        for validate in ("before", "after"):
            for stage in (0, 1):
                with self.subTest(validate=validate, stage=stage):
                    code, output, errors = self.run_with(f"{stage}STEP:nan:step=2", f"optimizer.validate={validate}")
                    self.assertEqual(code, 3, output + errors)
                    self.assertRegex(errors, r"step 2: loss = [\d.]+, gradient norm = -?nan \(training has diverged; the first number that is not finite: ")
                    self.assertEqual(len(self.losses(output)), 1)

    def test_a_fault_that_cannot_be_is_refused(self):
        for fault, message in [("1F3", "a fault is ACTION:KIND"), ("1F3:melt", "a fault is ACTION:KIND"),
                               ("1F9:fail", "no rank has such an action"), ("2F0:fail", "no rank has such an action"),
                               ("1F3:fail:rank=1", "this rank has no such action"),
                               ("1F3:fail:rank=4", "there are 4 ranks"), ("1F3:fail:step=0", "step=0 is not a number"),
                               ("1F3:fail:seconds=1", "seconds is unknown here"),
                               ("1F3:nan", "it is put into the gradient before STEP")]:
            with self.subTest(fault):
                code, _, errors = self.run_with(fault)
                self.assertEqual(code, 2, errors)
                self.assertRegex(errors, rf"^command line: --fault 1?2?F?\S+ \(.*{re.escape(message)}")
        code, _, errors = self.alone.run("run", "deck.toml", "--fault", "0F0:hang", "--overwrite")
        self.assertEqual(code, 2, errors)
        self.assertIn("one rank has nobody who waits for it", errors)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
