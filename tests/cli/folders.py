#!/usr/bin/env python3
"""Whose a run's folder is, and what becomes of it when its disk is full: folders.py HEDDLE MPIEXEC [FLAGS...]."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import h5py

from program import LAUNCHER_BOX, TEXT, Program, alone_and_on, mounted

HEDDLE, LAUNCH = sys.argv[1], sys.argv[2:]
LONG = ["train.steps=100000", "output.log_every=100000"]


def wait_for(path, process, seconds=60):
    end = time.monotonic() + seconds
    while not os.path.exists(path):
        if process.poll() is not None or time.monotonic() > end:
            raise AssertionError(f"{path} did not come: {process.communicate()}")
        time.sleep(0.05)


class Folders(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.alone, cls.pair = alone_and_on(2, HEDDLE, LAUNCH, cls)
        cls.alone.prepare()

    def path(self, name):
        return os.path.join(self.alone.folder, name)

    def test_an_earlier_run_is_replaced_only_where_that_is_asked_for(self):
        for program, grid in [(self.alone, []), (self.pair, ["grid.data=2"])]:
            with self.subTest(ranks=program.ranks):
                deck = ["run", "deck.toml", *grid, f"output.directory=kept-{program.ranks}"]
                self.assertEqual(program.run(*deck, "output.checkpoint_every=1")[0], 0)
                before = self.alone.read(f"kept-{program.ranks}/run.h5")
                code, _, errors = program.run(*deck)
                self.assertEqual(code, 2)
                self.assertRegex(errors, rf"^kept-{program.ranks}: an earlier run left its results in this folder \(kept-{program.ranks}/run.h5\); "
                                         r"--restart goes on with it; or give another output.directory, or --overwrite, which removes them\n$")
                self.assertEqual(self.alone.read(f"kept-{program.ranks}/run.h5"), before)
                code, _, errors = program.run(*deck, "--overwrite")
                self.assertEqual((code, errors), (0, ""))
                self.assertNotEqual(self.alone.read(f"kept-{program.ranks}/run.h5"), before)
                self.assertEqual(os.listdir(self.path(f"kept-{program.ranks}/checkpoints")), ["step-000002.h5"])
                self.assertEqual(sorted(os.listdir(self.path(f"kept-{program.ranks}"))), ["checkpoints", "run.h5", "run.log"])

    def test_what_is_not_a_runs_stays(self):
        self.alone.write("mixed/checkpoints/notes.txt", "mine\n")
        self.alone.write("mixed/checkpoints/step-000009.h5", "a checkpoint\n")
        self.assertEqual(self.alone.run("run", "deck.toml", "output.directory=mixed")[0], 2)
        self.assertEqual(self.alone.run("run", "deck.toml", "output.directory=mixed", "--overwrite")[0], 0)
        self.assertEqual(sorted(os.listdir(self.path("mixed/checkpoints"))), ["notes.txt", "step-000002.h5"])

    def test_a_folder_is_one_runs_at_a_time(self):
        first = self.alone.start("run", "deck.toml", "output.directory=shared", *LONG)
        try:
            wait_for(self.path("shared/run.h5"), first)
            for more in [[], ["--overwrite"]]:
                code, _, errors = self.pair.run("run", "deck.toml", "grid.data=2", "output.directory=shared", *more)
                self.assertEqual(code, 2)
                self.assertRegex(errors, rf"^shared/run.lock: another run is at work in this folder \(process {first.pid} on \S+, since 20\S+Z, last seen .* "
                                         r"ago\); give another output.directory, or wait for its end\n$")
        finally:
            first.send_signal(signal.SIGKILL)
            os.waitid(os.P_PID, first.pid, os.WEXITED | os.WNOWAIT)  # its exit code is left to be asked for
            self.addCleanup(first.communicate)
        self.assertTrue(os.path.exists(self.path("shared/run.lock")))
        code, _, errors = self.alone.run("run", "deck.toml", "output.directory=shared", "--overwrite")
        self.assertEqual((code, errors), (0, ""))
        self.assertFalse(os.path.exists(self.path("shared/run.lock")))

    def test_a_lock_of_another_host_is_stale_when_nobody_touches_it(self):
        lock = "host elsewhere\nprocess 1\nbegin 1\njob 7\nrestart 0\nsince 2026-11-28T10:00:00Z\n"
        self.alone.write("far/run.lock", lock)
        code, _, errors = self.alone.run("run", "deck.toml", "output.directory=far")
        self.assertEqual(code, 2)
        self.assertIn("process 1 on elsewhere, since 2026-11-28T10:00:00Z, job 7", errors)
        os.environ.update(SLURM_JOB_ID="7", SLURM_RESTART_COUNT="1")  # the same job, started once more
        try:
            self.assertEqual(self.alone.run("run", "deck.toml", "output.directory=far")[0], 0)
        finally:
            del os.environ["SLURM_JOB_ID"], os.environ["SLURM_RESTART_COUNT"]
        self.alone.write("far/run.lock", lock)
        long_ago = time.time() - 31
        os.utime(self.path("far/run.lock"), (long_ago, long_ago))
        self.assertEqual(self.alone.run("run", "deck.toml", "output.directory=far", "--overwrite")[0], 0)


class FullDisk(unittest.TestCase):
    """A disk of so many KiB, mounted for each test."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="heddle-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.disk = os.path.join(self.folder, "disk")
        os.mkdir(self.disk)
        self.alone, self.pair = (Program(HEDDLE, self.folder, ranks, LAUNCH) for ranks in (1, 2))
        self.alone.prepare()

    def mount(self, kib):
        if not mounted(self.disk, kib):
            self.skipTest("a small tmpfs cannot be mounted here: a full disk is not tested")
        self.addCleanup(subprocess.run, ["umount", self.disk], check=True)

    def checkpoints(self):
        return sorted(os.listdir(os.path.join(self.disk, "run/checkpoints")))

    def train(self, program, kib, *more):
        """Saves after each of four steps on a disk of so many KiB."""
        self.mount(kib)
        return program.run("run", "deck.toml", f"grid.data={program.ranks}", "output.directory=disk/run", "output.checkpoint_every=1",
                           "output.events=false", "train.steps=4", "model.width=64", "comm.timeout=20", *more)

    def no_checkpoint_fits(self, program):
        code, _, errors = self.train(program, 300)
        self.assertEqual(code, 1, errors)
        refusal = "disk/run/checkpoints/step-00000{0}.h5: cannot write it (No space left on device)"
        warnings = [f"heddle: step {step}: no checkpoint: {refusal.format(step)}; older ones stay" for step in (1, 2, 3)]
        self.assertEqual(errors.splitlines(), [*warnings, refusal.format(4)])
        self.assertEqual(self.checkpoints(), [])
        self.assertEqual(sorted(os.listdir(os.path.join(self.disk, "run"))), ["checkpoints", "run.h5", "run.log"])

    def test_a_checkpoint_that_does_not_fit_is_said_and_the_last_is_an_error(self):
        self.no_checkpoint_fits(self.alone)

    def test_so_it_is_on_several_ranks(self):
        self.no_checkpoint_fits(self.pair)

    def test_older_checkpoints_stay(self):
        code, _, errors = self.train(self.pair, 5000)
        self.assertEqual(code, 1, errors)
        self.assertEqual(self.checkpoints(), ["step-000001.h5", "step-000002.h5"])
        self.assertIn("disk/run/checkpoints/step-000004.h5: cannot write it (No space left on device)", errors)

    def test_rows_wait_for_room(self):
        """A file takes all room until the run has said that its rows are kept."""
        self.mount(3000)
        ballast = os.path.join(self.disk, "ballast")
        process = self.pair.start("run", "deck.toml", "grid.data=2", "output.directory=disk/run", "train.steps=4000", "output.log_every=4000")
        wait_for(os.path.join(self.disk, "run/run.h5"), process)
        subprocess.run(["dd", "if=/dev/zero", f"of={ballast}"], capture_output=True)
        self.assertEqual(process.stderr.readline(), "heddle: disk/run/run.h5: cannot write it (No space left on device); its rows are kept, and written "
                                                    "when there is room\n")
        os.remove(ballast)
        _, errors = process.communicate(timeout=120)
        self.assertEqual((process.returncode, LAUNCHER_BOX.sub("", errors)), (0, ""))
        self.assertEqual(self.steps(), list(range(1, 4001)))

    def test_rows_that_never_find_room_are_an_error(self):
        self.mount(700)
        code, _, errors = self.pair.run("run", "deck.toml", "grid.data=2", "output.directory=disk/run", "train.steps=3000")
        self.assertEqual(code, 1, errors)
        self.assertRegex(errors.splitlines()[-1], r"^disk/run/.*: cannot write it \(No space left on device\)$")
        steps = self.steps()
        self.assertEqual(steps, list(range(1, len(steps) + 1)))

    def test_tokens_that_do_not_fit_are_an_error_and_the_older_file_stays(self):
        self.mount(300)
        self.assertEqual(self.alone.run("prepare", "text.txt", "-o", "disk/tokens.h5")[0], 0)
        before = self.alone.read("disk/tokens.h5")
        self.alone.write("long.txt", TEXT * 1000)
        code, _, errors = self.alone.run("prepare", "long.txt", "-o", "disk/tokens.h5")
        self.assertEqual((code, errors), (1, "disk/tokens.h5: cannot write it (No space left on device)\n"))
        self.assertEqual(os.listdir(self.disk), ["tokens.h5"])
        self.assertEqual(self.alone.read("disk/tokens.h5"), before)

    def steps(self):
        with h5py.File(os.path.join(self.disk, "run/run.h5"), "r") as file:
            return file["steps"]["step"].tolist()


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
