#!/usr/bin/env python3
"""Disks that fill, ranks that are stopped and ranks that are killed at random instants: instants.py HEDDLE MPIEXEC [FLAGS...]. HEDDLE_INSTANTS=60 tries so
many disks and half as many of each of the others, in place of eight and four."""
import collections
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import h5py

from program import LAUNCHER_BOX, TEXT, Program, alive, mounted

HEDDLE, LAUNCH = sys.argv[1], sys.argv[2:]
INSTANTS = int(os.environ.get("HEDDLE_INSTANTS", "8"))
FULL = "cannot write it (No space left on device)"
TIMEOUT = 3  # seconds


def prepared(test):
    folder = tempfile.mkdtemp(prefix="heddle-")
    test.addCleanup(shutil.rmtree, folder)
    programs = [Program(HEDDLE, folder, ranks, LAUNCH) for ranks in (1, 2, 4)]
    programs[0].prepare()
    programs[0].write("long.txt", TEXT * 1000)
    return folder, programs


class FullDisks(unittest.TestCase):
    """What is filled by which writer: a run that saves often, one with many events, one with a line a step, and tokens."""
    WRITERS = {
        "checkpoint": ((150, 6000), ["train.steps=6", "output.checkpoint_every=1", "output.events=false", "model.width=64"]),
        "rows": ((150, 1200), ["train.steps=3000", "output.log_every=3000"]),
        "log": ((230, 420), ["train.steps=4000", "output.log_every=1", "output.events=false"]),
        "tokens": ((20, 3000), None),
    }

    def test_every_writer_ends_in_words(self):
        self.folder, programs = prepared(self)
        self.disk = os.path.join(self.folder, "disk")
        os.mkdir(self.disk)
        draw, filled = random.Random(12), collections.Counter()
        for number in range(INSTANTS):
            writer = list(self.WRITERS)[number % len(self.WRITERS)]
            (least, most), keys = self.WRITERS[writer]
            kib, program = draw.randint(least, most), programs[0] if keys is None else draw.choice(programs)
            if not mounted(self.disk, kib):
                self.skipTest("a small tmpfs cannot be mounted here: full disks are not tested")
            try:
                with self.subTest(writer=writer, kib=kib, ranks=program.ranks):
                    code, _, errors = self.fill(program, keys)
                    filled[writer] += FULL in errors
                    self.judge(code, errors)
            finally:
                subprocess.run(["umount", self.disk], check=True)
        print(f"{sum(filled.values())} of {INSTANTS} disks were filled: {dict(filled)}", file=sys.stderr)
        self.assertGreaterEqual(6 * sum(filled.values()), 5 * INSTANTS)
        for writer in self.WRITERS:
            self.assertGreaterEqual(6 * filled[writer], INSTANTS, "each writer met a full disk in most of its turns")

    def fill(self, program, keys):
        if keys is None:
            return program.run("prepare", "long.txt", "-o", "disk/tokens.h5")
        return program.run("run", "deck.toml", f"grid.data={program.ranks}", "output.directory=disk/run", f"comm.timeout={TIMEOUT * 10}", *keys)

    def judge(self, code, errors):
        """Ended, in time, with a code that is meant, and what is there is whole."""
        self.assertIn(code, (0, 1, 2), errors)
        self.assertEqual(code == 0 or FULL in errors, True, errors)
        self.assertNotRegex(errors, "Signal|signal|Traceback|MPI_ABORT|HDF5-DIAG")
        for folder, _, files in os.walk(self.disk):
            for name in files:
                self.assertFalse(name.endswith(".partial"), name)
                if name.endswith(".h5"):
                    with h5py.File(os.path.join(folder, name), "r") as file:
                        if name == "run.h5":
                            steps = file["steps"]["step"].tolist()
                            self.assertEqual(steps, list(range(1, len(steps) + 1)))
                        elif name.startswith("step-"):
                            self.assertEqual(file.attrs["complete"], 1)
                            self.assertTrue(all(values[:].any() for values in file["parameters"].values() if values.ndim == 2))


class LostRanks(unittest.TestCase):
    """A rank is stopped, or killed: in training, in an evaluation, and while a checkpoint is written."""
    KEYS = {
        "training": [],
        "evaluation": ["data.held_out=0.5", "train.evaluate_every=1", "train.evaluate_windows=100000"],  # nine tenths of the time
        "checkpoint": ["output.checkpoint_every=1"],
    }

    def test_who_is_silent_is_named_in_time(self):
        def judge(code, errors):
            self.assertEqual(code, 4, errors)
            self.assertRegex(errors, re.compile(r"^ *\d+  no answer \(stopped or dead\)", re.MULTILINE))

        self.tries(signal.SIGSTOP, judge)

    def test_who_is_killed_takes_all_with_it(self):
        self.tries(signal.SIGKILL, lambda code, errors: self.assertIn(code, (4, 128 + signal.SIGKILL), errors))

    def tries(self, end, judge):
        """`judge` sees exit code and errors of each run that lost a rank."""
        folder, programs = prepared(self)
        draw, writing = random.Random(13), 0
        for number in range(INSTANTS // 2):
            program, within = programs[1 + draw.randrange(2)], list(self.KEYS)[number % len(self.KEYS)]
            with self.subTest(number=number, ranks=program.ranks, within=within):
                run = program.start("run", "deck.toml", f"grid.data={program.ranks}", f"comm.timeout={TIMEOUT}", "train.steps=1000000", "--overwrite",
                                    "output.events=false", "output.log_every=1", *self.KEYS[within])
                try:
                    checkpoints = os.path.join(folder, "out/checkpoints")
                    writing += self.lose(program, run, draw, end, checkpoints if within == "checkpoint" else "")
                    judge(run.returncode, LAUNCHER_BOX.sub("", run.stderr.read()))
                finally:
                    run.kill()
                    run.communicate()
        print(f"{INSTANTS // 2} ranks had {end.name}, {writing} while a checkpoint was written", file=sys.stderr)

    def lose(self, program, run, draw, end, checkpoints):
        """Whether in a checkpoint. No rank is left in time."""
        for line in run.stdout:
            if line.startswith("step "):
                break
        pids = program.processes(run)
        time.sleep(draw.random())
        while checkpoints and not any(name.endswith(".partial") for name in os.listdir(checkpoints)):
            pass
        os.kill(draw.choice(pids), end)
        lost = time.monotonic()
        writing = bool(checkpoints) and any(name.endswith(".partial") for name in os.listdir(checkpoints))
        reader = subprocess.Popen(["cat"], stdin=run.stdout, stdout=subprocess.DEVNULL)
        run.wait(60)
        while any(alive(pid) for pid in pids) and time.monotonic() < lost + TIMEOUT + 5:
            time.sleep(0.01)
        took = time.monotonic() - lost
        reader.wait()
        self.assertLess(took, TIMEOUT + 5, [pid for pid in pids if alive(pid)])
        return writing


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
