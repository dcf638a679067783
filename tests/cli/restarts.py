#!/usr/bin/env python3
"""Runs that were ended and go on: restarts.py HEDDLE MPIEXEC [FLAGS...]. HEDDLE_INSTANTS is how many are killed at random instants, HEDDLE_STEPS how long
they are; 200 of 400 steps (ten seconds) take about an hour."""
import contextlib
import os
import random
import shutil
import signal
import sys
import time
import unittest

import h5py
import numpy as np

from program import TEXT, alone_and_on, mounted

HEDDLE, LAUNCH = sys.argv[1], sys.argv[2:]
INSTANTS, STEPS = int(os.environ.get("HEDDLE_INSTANTS", 8)), int(os.environ.get("HEDDLE_STEPS", 60))
RUN = ["run", "deck.toml", "train.steps=12", "model.dropout=0.1", "output.log_every=1", "output.checkpoint_every=4"]
ENDED = ["optimizer.decay=12"]  # with which a run that ends early has the rates of one that does not


class Restarts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.alone, cls.pair = alone_and_on(2, HEDDLE, LAUNCH, cls)
        cls.alone.prepare()
        cls.run_to_end(cls.alone, "whole", *ENDED)

    @classmethod
    def run_to_end(cls, program, folder, *more):
        code, output, errors = program.run(*RUN, f"output.directory={folder}", *more)
        assert code == 0, errors
        return output

    def path(self, name):
        return os.path.join(self.alone.folder, name)

    def steps(self, folder):
        with h5py.File(self.path(f"{folder}/run.h5"), "r", locking=False) as file:
            return file["steps"][:]

    def legs(self, folder):
        with h5py.File(self.path(f"{folder}/run.h5"), "r", locking=False) as file:
            return [dict(file["legs"][name].attrs) for name in sorted(file["legs"], key=int)]

    def same_history(self, folder, other="whole", tolerance=0.0):
        mine, its = self.steps(folder), self.steps(other)
        self.assertEqual(mine["step"].tolist(), its["step"].tolist())
        self.assertEqual(mine["tokens"].tolist(), its["tokens"].tolist())
        np.testing.assert_allclose(mine["loss"], its["loss"], rtol=tolerance, atol=0)
        self.assertTrue(np.all(np.diff(mine["seconds"]) > 0))

    def refused(self, code, pattern, *arguments):
        found, _, errors = self.alone.run(*RUN, *arguments)
        self.assertEqual(found, code, errors)
        self.assertRegex(errors, pattern)

    def test_on_another_grid(self):
        self.run_to_end(self.alone, "moved", *ENDED, "train.steps=7")
        output = self.run_to_end(self.pair, "moved", *ENDED, "--restart", "grid.tensor=2")
        self.assertIn("goes on after step 7 of 12, from moved/checkpoints/step-000007.h5; changed: grid.tensor 1 -> 2, train.steps 7 -> 12\n", output)
        self.same_history("moved", tolerance=1e-5)
        first, second = self.legs("moved")
        self.assertEqual((first["steps_before"], second["steps_before"], second["from"].decode()),
                         (0, 7, os.path.realpath(self.path("moved/checkpoints/step-000007.h5"))))
        for fewer in ([], ["train.steps=9"]):
            self.assertIn("nothing is left to be trained", self.run_to_end(self.alone, "moved", *ENDED, "--restart", *fewer))
        self.assertEqual(len(self.legs("moved")), 2)

    def test_with_another_batch_no_sample_is_passed_over(self):
        """Four steps of 8 samples and eight of 4 learn from the samples that eight of 4 and four of 8 do."""
        self.run_to_end(self.alone, "batches", *ENDED, "train.steps=4")
        self.run_to_end(self.alone, "batches", *ENDED, "--restart", "train.batch=4")
        self.assertEqual(self.steps("batches")["tokens"].tolist(), [16 * 8 * n for n in range(1, 5)] + [16 * (32 + 4 * n) for n in range(1, 9)])
        with h5py.File(self.path("batches/checkpoints/step-000012.h5")) as file:
            self.assertEqual(file.attrs["samples"], 64)

    def test_the_newest_checkpoints_stay_and_the_best(self):
        self.run_to_end(self.alone, "kept", "output.checkpoint_every=2", "output.keep=2")
        self.assertEqual(sorted(os.listdir(self.path("kept/checkpoints"))), ["step-000010.h5", "step-000012.h5"])
        rising = ["optimizer.rate=0.05", "optimizer.warmup=0", "optimizer.schedule=constant"]  # overshoots
        self.run_to_end(self.alone, "best", "output.checkpoint_every=2", "output.keep=1", "output.keep_best=2", "train.evaluate_every=2", *rising)
        steps = self.steps("best")[1::2]
        best = steps["step"][np.argsort(steps["validation_loss"])][:2].tolist()
        self.assertEqual(sorted(os.listdir(self.path("best/checkpoints"))), [f"step-{step:06}.h5" for step in sorted({*best, 12})])

    def test_from_a_checkpoint_that_is_named(self):
        shutil.copytree(self.path("whole"), self.path("older"))
        self.run_to_end(self.alone, "older", *ENDED, "--restart=older/checkpoints/step-000004.h5")
        self.same_history("older")
        self.assertEqual(sorted(os.listdir(self.path("older/checkpoints"))),
                         ["step-000004.h5", "step-000008.h5", "step-000008.h5.aside", "step-000012.h5", "step-000012.h5.aside"])
        self.run_to_end(self.alone, "older", *ENDED, "--restart=older/checkpoints/step-000004.h5", "train.steps=6")
        output = self.run_to_end(self.alone, "older", *ENDED, "--restart")
        self.assertIn("goes on after step 6 of 12, from older/checkpoints/step-000006.h5;", output)
        self.same_history("older")
        folder = self.alone.folder
        for inside, name in (("older", "run.h5"), ("older/checkpoints", "./step-000012.h5")):
            self.alone.folder = os.path.join(folder, inside)
            self.addCleanup(setattr, self.alone, "folder", folder)
            code, output, errors = self.alone.run(RUN[0], "../" * (inside.count("/") + 1) + "deck.toml", *RUN[2:], *ENDED, f"data.tokens={folder}/tokens.h5",
                                                  f"output.directory={folder}/older", f"--restart={name}")
            self.assertEqual((code, errors), (0, ""))
            self.assertIn("nothing is left to be trained", output)
            self.alone.folder = folder

    def test_into_another_folder(self):
        output = self.run_to_end(self.alone, "branch", *ENDED, "--restart=whole/checkpoints/step-000008.h5", "optimizer.rate=1e-4")
        self.assertIn("goes on after step 8 of 12, from whole/checkpoints/step-000008.h5; changed: optimizer.rate ", output)
        self.assertEqual(self.steps("branch")["step"].tolist(), [9, 10, 11, 12])
        with h5py.File(self.path("branch/run.h5")) as mine, h5py.File(self.path("whole/run.h5")) as its:
            self.assertNotEqual(mine.attrs["run"], its.attrs["run"])
        self.refused(2, "branch: an earlier run left its results", "output.directory=branch", "--restart=whole/checkpoints/step-000004.h5")
        again = self.run_to_end(self.alone, "branch", *ENDED, "--restart=whole/checkpoints/step-000008.h5", "optimizer.rate=1e-4")
        self.assertIn("nothing is left to be trained", again)

    def test_a_branch_that_ended_before_its_first_checkpoint(self):
        branch = [*RUN, *ENDED, "output.directory=early"]
        code, _, _ = self.alone.run(*branch, "--restart=whole/checkpoints/step-000004.h5", "--fault", "0F0:fail:step=6")
        self.assertEqual(code, 1)
        code, output, errors = self.alone.run(*branch, "--restart")
        self.assertEqual((code, errors), (0, ""))
        self.assertIn("goes on after step 4 of 12, from /", output)
        self.assertEqual(self.steps("early")["step"].tolist(), list(range(5, 13)))

    def test_what_had_checkpoints_does_not_begin_again(self):
        shutil.copytree(self.path("whole"), self.path("bare"))
        shutil.rmtree(self.path("bare/checkpoints"))
        self.refused(2, r"bare/checkpoints: no checkpoint of the run is left to go on from", *ENDED, "output.directory=bare", "--restart")
        self.assertEqual(len(self.steps("bare")), 12)

    def test_a_file_that_somebody_left_open_is_not_damaged(self):
        shutil.copytree(self.path("whole"), self.path("opened"))
        with h5py.File(self.path("opened/run.h5"), "r+", locking=False) as held:
            self.assertEqual(len(held["steps"]), 12)
            output = self.run_to_end(self.alone, "opened", *ENDED, "--restart", "train.steps=13")
        self.assertIn("goes on after step 12 of 13", output)
        self.assertEqual(len(self.legs("opened")), 2)

    def test_what_would_be_another_run_is_refused(self):
        for change in ("data.seed=5", "model.width=32", "train.seed=8", "train.sequence=8"):
            with self.subTest(change):
                key, value = change.split("=")
                self.refused(2, rf"whole/checkpoints/step-000012.h5: the run has {key} = \d+, the deck {value} \(", "output.directory=whole", "--restart", change)
        self.alone.write("another.txt", "Another text\n" * 400)
        self.alone.run("prepare", "another.txt", "-o", "another.h5")
        self.refused(2, r"learnt from \d+ byte tokens of a text with CRC-32 [0-9a-f]{8}, the deck 5200 byte tokens of a text with CRC-32",
                     "output.directory=whole", "--restart", "data.tokens=another.h5")
        self.refused(2, "no such file or folder", "--restart=nowhere")
        self.refused(2, "excludes", "--restart", "--overwrite")

    def test_what_is_damaged_is_named_and_passed_over(self):
        shutil.copytree(self.path("whole"), self.path("damaged"))
        with open(self.path("damaged/checkpoints/step-000012.h5"), "r+b") as file:
            file.truncate(20000)
        with open(self.path("damaged/run.h5"), "r+b") as file:
            file.truncate(5000)
        code, output, errors = self.alone.run(*RUN, *ENDED, "output.directory=damaged", "--restart")
        self.assertEqual(code, 0, errors)
        self.assertRegex(errors, r"passed over: damaged/run.h5: .*\n(.*\n)*heddle: passed over: damaged/checkpoints/step-000012.h5: ")
        self.assertIn("damaged/run.h5 is damaged, it is now damaged/run.h5.aside", errors)
        self.assertEqual(self.steps("damaged")["step"].tolist(), [9, 10, 11, 12])
        self.assertTrue(np.array_equal(self.steps("damaged")["loss"], self.steps("whole")["loss"][8:]))

    def fill(self, disk, free_kib):
        with open(os.path.join(disk, "ballast"), "wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))
        os.truncate(file.name, os.path.getsize(file.name) - (free_kib << 10))

    def test_a_full_disk_leaves_what_was_there(self):
        disk = self.path("disk")
        os.mkdir(disk)
        if not mounted(disk, 8000):
            self.skipTest("a small tmpfs cannot be mounted here: a full disk is not tested")
        self.addCleanup(os.system, f"umount {disk}")
        self.run_to_end(self.alone, "disk/run", *ENDED, "train.steps=7", "output.checkpoint_every=0")
        self.fill(disk, 100)
        before = self.steps("disk/run").tobytes()
        self.refused(1, r"disk/run/run.h5: cannot write it \(No space left on device\)", *ENDED, "output.directory=disk/run", "--restart")
        self.assertEqual(self.steps("disk/run").tobytes(), before)
        os.remove(os.path.join(disk, "ballast"))
        self.run_to_end(self.alone, "disk/run", *ENDED, "--restart", "output.checkpoint_every=0")
        self.same_history("disk/run")

    def stop_in_evaluation(self, command, folder, step, begins):
        """Of two ranks, after the line that begins so."""
        run = self.pair.start(*command, f"output.directory={folder}", "--restart")
        self.assertTrue(any(line.startswith(begins) for line in run.stdout))
        time.sleep(0.1)  # of about two seconds
        os.kill(self.pair.processes(run)[1], signal.SIGTERM)
        _, errors = run.communicate()
        self.assertEqual(run.returncode, 5, errors)
        self.assertRegex(errors, rf"stopped after step {step} of 3, which is yet to be evaluated \(SIGTERM on rank 1\)")
        self.assertTrue(np.isnan(self.steps(folder)["validation_loss"][step - 1]))

    def test_a_stop_does_not_wait_for_an_evaluation(self):
        """Which is made up for, by whoever goes on, also where it was the last thing to do."""
        self.alone.write("long.txt", TEXT * 200)
        self.alone.run("prepare", "long.txt", "-o", "long.h5")
        evaluated = ["run", "deck.toml", "grid.data=2", "data.tokens=long.h5", "data.held_out=0.5", "train.evaluate_windows=100000", "train.evaluate_every=2",
                     "train.steps=3", "model.width=64", "output.log_every=1", "output.checkpoint_every=2", "output.keep=1", "output.keep_best=1"]
        code, _, errors = self.pair.run(*evaluated, "output.directory=quiet")
        self.assertEqual(code, 0, errors)
        for stop, begins in ((2, "step 2/3"), (2, "goes on after step 2 of 3"), (3, "step 3/3")):
            with self.subTest(begins):
                self.stop_in_evaluation(evaluated, "stopped", stop, begins)
        code, _, errors = self.pair.run(*evaluated, "output.directory=stopped", "--restart", "train.max_seconds=0.1")
        self.assertEqual(code, 1, errors)
        self.assertIn("stopped in the evaluation of step 3, with which it began (a run that has less time than that comes no further)", errors)
        code, output, errors = self.pair.run(*evaluated, "output.directory=stopped", "--restart")
        self.assertEqual((code, errors), (0, ""))
        self.assertNotIn("step 3/3", output)
        for column in ("step", "loss", "validation_loss"):
            np.testing.assert_array_equal(self.steps("stopped")[column], self.steps("quiet")[column])
        stayed = [sorted(os.listdir(self.path(f"{run}/checkpoints"))) for run in ("stopped", "quiet")]
        self.assertEqual(*stayed)
        disk = self.path("small")
        os.mkdir(disk)
        small = mounted(disk, 8000)
        if small:
            self.addCleanup(os.system, f"umount {disk}")
        self.stop_in_evaluation([*evaluated, "output.checkpoint_every=0"], "small/once", 3, "step 3/3")
        if small:
            shutil.copytree(self.path("small/once"), self.path("small/again"))
            self.fill(disk, 1000)
            self.evaluate_once_more(evaluated, "small/again", written=False)
            os.remove(os.path.join(disk, "ballast"))
        self.evaluate_once_more(evaluated, "small/once", written=True)

    def evaluate_once_more(self, evaluated, folder, written):
        """A loss that is not in the last step's checkpoint is no reason to fail."""
        code, _, errors = self.pair.run(*evaluated, "output.checkpoint_every=0", f"output.directory={folder}", "--restart")
        self.assertEqual(code, 0, errors)
        self.assertEqual("heddle: step 3: no checkpoint: " in errors, not written, errors)
        self.assertEqual(self.steps(folder)["validation_loss"][2], self.steps("quiet")["validation_loss"][2])
        with h5py.File(self.path(f"{folder}/checkpoints/step-000003.h5")) as file:
            self.assertEqual("validation_loss" in file.attrs, written)

    def test_killed_at_any_instant(self):
        """And gone on with: the history is that of a run that was left alone."""
        draw, killed, writing, spans = random.Random(14), 0, 0, []
        long = [*RUN, f"train.steps={STEPS}", "train.evaluate_every=10", "output.checkpoint_every=1", "output.keep=2", "model.width=64"]
        for program in (self.alone, self.pair):
            grid = f"grid.data={program.ranks}"
            code, _, errors = program.run(*long, grid, f"output.directory=quiet-{program.ranks}")
            self.assertEqual(code, 0, errors)
            spans.append(self.steps(f"quiet-{program.ranks}")["seconds"][-1])
            for number in range(INSTANTS // 2):
                folder = f"killed-{program.ranks}-{number}"
                command = [*long, grid, f"output.directory={folder}", "--restart"]
                with self.subTest(folder):
                    was_killed, wrote = self.kill(program, command, folder, draw.random() * spans[-1])
                    killed, writing = killed + was_killed, writing + wrote
                    code, _, errors = program.run(*command)
                    self.assertEqual(code, 0, errors)
                    self.same_history(folder, f"quiet-{program.ranks}")
                    np.testing.assert_array_equal(*(self.steps(run)["validation_loss"] for run in (folder, f"quiet-{program.ranks}")))
                    shutil.rmtree(self.path(folder))
        print(f"{killed} runs of {spans[0]:.1f} or {spans[1]:.1f} s were killed, {writing} while a checkpoint was written", file=sys.stderr)

    def kill(self, program, command, folder, after):
        """So many seconds after its first step. Whether it was not at its end, and whether a checkpoint was being written."""
        run = program.start(*command)
        try:
            for line in run.stdout:
                if line.startswith("step "):
                    break
            pids = program.processes(run) if program.ranks > 1 else [run.pid]
            time.sleep(after)
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):  # it came to its end
                    os.kill(pid, signal.SIGKILL)
            wrote = any(name.endswith(".partial") for name in os.listdir(self.path(f"{folder}/checkpoints")))
        finally:
            run.communicate()
        return run.returncode != 0, wrote


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
