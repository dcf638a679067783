#!/usr/bin/env python3
"""What becomes of steps whose numbers are not finite, on two stages of two tensor ranks: refusals.py HEDDLE MPIEXEC [FLAGS...]."""
import os
import sys
import unittest

import h5py
import numpy as np

from program import DECK, TEXT, alone_and_on

HEDDLE, LAUNCH = sys.argv[1], sys.argv[2:]
GRID = ["grid.pipeline=2", "grid.tensor=2", "pipeline.microbatches=4"]
RUN = ["run", "deck.toml", *GRID, "train.steps=9", "output.log_every=1", "output.checkpoint_every=3", "model.dropout=0.1"]
SPOILT = "1F3:nan:value=layers.1.attention.heads:rank=3:step=5"
PLACE = r"\[0, 0, 0\] of layers\.1\.attention\.heads is -?nan, which attention made of finite numbers in 1F3, stage 1, microbatch 3, block layers\.1, on rank 3 \("
SAMPLES = r", of samples 38 to 39"  # of the fifth step's, 32 to 39, the last microbatch


class Refusals(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.alone, cls.program = alone_and_on(4, HEDDLE, LAUNCH, cls)
        cls.program.write("deck.toml", DECK)
        cls.alone.write("text.txt", TEXT)
        cls.alone.run("prepare", "text.txt", "-o", "tokens.h5")

    def run_into(self, folder, fault, *more):
        return self.program.run(*RUN, f"output.directory={folder}", "--fault", fault, *more)

    def file(self, folder, name="run.h5"):
        return h5py.File(os.path.join(self.program.folder, folder, name), "r", locking=False)

    def steps(self, folder):
        with self.file(folder) as file:
            return file["steps"][:]

    def passed_over(self, folder, leg):
        with self.file(folder) as file:
            return [tuple(row)[:3] for row in file[f"legs/{leg}/passed_over"][:]]

    def test_the_run_ends_and_names_the_place(self):
        for validate in ("before", "after"):
            with self.subTest(validate=validate):
                code, output, errors = self.run_into(f"stop-{validate}", SPOILT, f"optimizer.validate={validate}")
                self.assertEqual(code, 3, output + errors)
                self.assertRegex(errors, r"step 5: loss = -?nan, gradient norm = -?nan \(training has diverged; the first number that is not finite: "
                                 + PLACE + r"\S+\)" + SAMPLES + r"\); lower optimizer\.rate")
                self.assertEqual(self.steps(f"stop-{validate}")["step"].tolist(), [1, 2, 3, 4, 5])

    def test_what_is_not_there_once_more_was_the_hardware(self):
        code, output, errors = self.run_into("once", SPOILT + ":times=1")
        self.assertEqual(code, 3, output + errors)
        self.assertRegex(errors, r"step 5: loss = -?nan.* \(made once more it counts, loss = 5\.\d+: suspect the hardware\); try other nodes")
        self.assertNotIn("attention", errors)

    def test_then_a_run_that_may_go_on_loses_nothing(self):
        code, output, errors = self.program.run(*RUN, "output.directory=whole")
        self.assertEqual((code, errors), (0, ""), output)
        for validate in ("before", "after"):
            folder = f"lucky-{validate}"
            code, output, errors = self.run_into(folder, SPOILT + ":times=1", "train.on_nan=skip", f"optimizer.validate={validate}")
            self.assertEqual(code, 0, errors)
            self.assertEqual(errors.count("suspect the hardware"), 1, "one rank speaks")
            self.assertIn("step 5/9 ", output)
            for column in ("step", "loss", "tokens"):
                self.assertEqual(self.steps(folder)[column].tolist(), self.steps("whole")[column].tolist())
            self.assertEqual(self.passed_over(folder, 1), [])

    def test_samples_are_passed_over_at_once_or_from_the_last_checkpoint_on(self):
        """Either way the same steps learn the same samples."""
        for validate in ("before", "after"):
            for way in ("skip", "rollback"):
                folder = f"{way}-{validate}"
                code, output, errors = self.run_into(folder, SPOILT + ":times=2", f"train.on_nan={way}", f"optimizer.validate={validate}")
                self.assertEqual(code, 0, output + errors)
                self.assertRegex(errors, r"step 5: loss = .*" + PLACE + r".*samples 32 to 39 are passed over\n")
                self.assertEqual(self.steps(folder)["step"].tolist(), list(range(1, 10)))
                self.assertEqual(self.passed_over(folder, 1), [(5, 32, 8)])
                with self.file(folder, "checkpoints/step-000009.h5") as file:
                    self.assertEqual(file.attrs["samples"], 80)
        for folder in ("skip-before", "skip-after"):  # nothing of the attempt that did not count
            with self.file(folder) as file:
                events = file["legs/1/events/0"][:]
                self.assertEqual([int(np.sum((events["step"] == step) & (events["kind"] == 0))) for step in range(1, 10)], [4] * 9)
                self.assertEqual(file["legs/1/times/steps"][0]["steps"], 9)
        with self.file("rollback-after") as file:
            self.assertEqual([file[f"legs/{leg}"].attrs["steps_before"] for leg in (1, 2)], [0, 3])
        for folder in ("rollback-before", "skip-after", "rollback-after"):
            self.assertEqual(self.steps(folder)["loss"].tolist(), self.steps("skip-before")["loss"].tolist())
        code, output, errors = self.alone.run("diff", "skip-before/checkpoints/step-000009.h5", "rollback-after/checkpoints/step-000009.h5")
        self.assertEqual(code, 0, output + errors)

    def test_where_there_is_no_checkpoint_yet_the_run_begins_anew(self):
        code, output, errors = self.run_into("early", SPOILT.replace("step=5", "step=2") + ":times=2", "train.on_nan=rollback")
        self.assertEqual(code, 0, output + errors)
        self.assertIn("no checkpoint is there to go on from: the run begins", output)
        self.assertEqual(self.steps("early")["step"].tolist(), list(range(1, 10)))

    def test_hardware_that_errs_all_the_time_ends_a_run_too(self):
        faults = [word for step in (2, 4, 6) for word in ("--fault", f"1F3:nan:value=layers.1.attention.heads:step={step}:times=1")]
        code, output, errors = self.program.run(*RUN, "output.directory=flaky", *faults, "train.on_nan=skip", "train.nan_limit=2")
        self.assertEqual(code, 3, output + errors)
        self.assertRegex(errors, r"step 6: .*suspect the hardware; train\.nan_limit = 2 such steps came before")

    def test_no_state_is_saved_that_is_not_finite(self):
        """A rate so high that an update goes beyond the type."""
        for number, more in enumerate(([], ["train.on_nan=rollback"], ["output.asynchronous=false"])):
            folder = f"infinite-{number}"
            code, output, errors = self.program.run(*RUN, f"output.directory={folder}", "optimizer.rate=1e38", "optimizer.clip=0", "output.checkpoint_every=1", *more)
            self.assertEqual(code, 3, output + errors)
            self.assertRegex(errors, r"step \d: \[.*\] of \S+ is -?(inf|nan), on rank \d \(\S+\) \(no checkpoint is written of it")
            for name in os.listdir(os.path.join(self.program.folder, folder, "checkpoints")):
                with self.file(folder, f"checkpoints/{name}") as file:
                    for group in ("parameters", "optimizer/first", "optimizer/second"):
                        for tensor in file[group].values():
                            self.assertTrue(np.all(np.isfinite(tensor[:])), name)

    def test_not_for_ever(self):
        for way in ("skip", "rollback"):
            code, output, errors = self.run_into(f"limit-{way}", SPOILT, f"train.on_nan={way}", "train.nan_limit=2")
            self.assertEqual(code, 3, output + errors)
            self.assertIn("train.nan_limit = 2 such steps came before", errors)
            self.assertEqual(errors.count("are passed over\n"), 2, errors)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
