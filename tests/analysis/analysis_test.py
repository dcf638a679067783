"""Runs the scripts of analysis/ on the made-up run of tests/io/example_run.hpp, whose numbers are known."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import h5py
import matplotlib.image
import numpy as np

SCRIPTS = Path(__file__).resolve().parents[2] / "analysis"
RUN = os.environ["HEDDLE_EXAMPLE_RUN"]


def call(script, *arguments, python=(sys.executable,)):
    return subprocess.run([*python, SCRIPTS / script, *arguments], capture_output=True, text=True)


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return str(Path(self.folder.name) / name)

    def figure(self, script, *arguments):
        result = call(script, *arguments, "-o", self.path("figure.png"))
        self.assertEqual(result.returncode, 0, result.stderr)
        return matplotlib.image.imread(self.path("figure.png"))[..., :3]

    def changed(self, name, change):
        """The run of that name, with other rows of steps."""
        path = self.path(f"{name}/run.h5")
        os.mkdir(os.path.dirname(path))
        shutil.copy(RUN, path)
        with h5py.File(path, "r+") as file:
            steps = change(file["steps"][:])
            file["steps"].resize(len(steps), axis=0)
            file["steps"][:] = steps
        return path

    def share(self, image, colour):
        wanted = np.array([int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)])
        return np.mean(np.all(np.abs(image - wanted) < 0.01, axis=-1))


class Summary(Case):
    def test_numbers(self):
        result = call("summary.py", RUN)
        self.assertEqual(result.returncode, 0, result.stderr)
        for words in ("pipeline 2 x data 1 x tensor 2, 4 ranks on 2 hosts, messages by NCCL 2.28.3", "1,234,567", "81,920 tokens/s",
                      "100.0 ms a step", "35,000.0 model GFLOP/s", "held out 1.6182", ": finished"):
            self.assertIn(words, result.stdout)
        rows = [line.split() for line in result.stdout.splitlines() if line[:1].isdigit()]
        self.assertEqual(rows[0][1:3] + rows[0][-3:], ["32.00", "46.00", "10.00", "99.00", "21.2%"])
        self.assertEqual(rows[3][1:3] + rows[3][-3:], ["28.00", "46.00", "15.00", "99.00", "25.3%"])
        self.assertEqual(rows[4], ["0", "40.0", "40.0", "80.0", "96.0", "256.0"])


class Loss(Case):
    def test_curves_are_drawn(self):
        image = self.figure("plot_loss.py", RUN)
        for colour in ("#3b6fb6", "#e0813c", "#4c9f70", "#8a63a8"):
            self.assertGreater(self.share(image, colour), 3e-4, colour)


    def test_one_step_is_a_point(self):
        """In each panel: of the loss, of what is held out, of the rate, of the norm."""
        def cut(steps):
            steps["validation_loss"][0] = 5.4
            return steps[:1]
        image = self.figure("plot_loss.py", self.changed("one", cut))
        for colour in ("#3b6fb6", "#e0813c", "#4c9f70", "#8a63a8"):
            self.assertGreater(self.share(image, colour), 1.5e-5, colour)

    def test_the_step_without_a_number_is_shown(self):
        def spoilt(steps):
            steps["loss"][-1] = float("nan")
            return steps
        red = "#c2514e"
        self.assertEqual(self.share(self.figure("plot_loss.py", RUN), red), 0)
        self.assertGreater(self.share(self.figure("plot_loss.py", self.changed("nan", spoilt), "--overwrite"), red), 1e-3)

    def test_smoothed_begins_at_the_loss_and_passes_over_what_is_no_number(self):
        sys.path.insert(0, str(SCRIPTS))
        from plot_loss import smoothed
        falling = np.arange(1000, 0, -1.0)
        np.testing.assert_allclose(smoothed(falling), falling)
        falling[500] = np.nan
        np.testing.assert_allclose(smoothed(falling)[[0, 500, 999]], [1000, 500, 1])
        self.assertTrue(np.isnan(smoothed(np.array([np.nan]))[0]))


class Losses(Case):
    def other(self, name, factor):
        def changed(steps):
            steps["validation_loss"] *= factor
            return steps
        return self.changed(name, changed)

    def test_runs_are_drawn_beside_the_first(self):
        image = self.figure("compare_losses.py", RUN, self.other("bf16", 1.003), self.other("fp8", 0.9))
        for colour in ("#3b6fb6", "#e0813c", "#4c9f70"):
            self.assertGreater(self.share(image, colour), 1e-4, colour)

    def test_what_has_no_held_out_losses_is_named(self):
        none = self.other("none", float("nan"))
        result = call("compare_losses.py", RUN, none, "-o", self.path("a.png"))
        self.assertIn(f"{none}: the run has no held-out losses", result.stderr)


class Overlay(Case):
    def heddle(self):
        """Stands in for the program and says what it is asked."""
        program = self.path("heddle")
        Path(program).write_text('#!/bin/sh\necho "$@"\n')
        os.chmod(program, 0o755)
        return program

    def test_the_step_of_median_length_is_drawn_beside_the_simulated_one(self):
        """Of a run whose steps grow longer, the middle of the last 20."""
        slow = self.path("slow.h5")
        shutil.copy(RUN, slow)
        with h5py.File(slow, "r+") as file:
            last = int(file["steps"]["step"][-1])
            for rows in file["legs/1/events"].values():
                events = rows[:]
                events["end"] += 1e-5 * events["step"]
                rows[:] = events
        result = call("overlay.py", slow, RUN, "--heddle", self.heddle(), "--title", "both", "-o", "a.svg")
        self.assertEqual(result.stdout, f"timeline {slow} {RUN} --steps {last - 9} --steps {last} --title both -o a.svg\n",
                         result.stderr)

    def test_a_step_can_be_asked_for(self):
        result = call("overlay.py", RUN, RUN, "--step", "7", "--heddle", self.heddle())
        self.assertIn("--steps 7 ", result.stdout)


class Surroundings(Case):
    def test_a_closed_pipe_is_quiet(self):
        reading, writing = os.pipe()
        os.close(reading)
        result = subprocess.run([sys.executable, SCRIPTS / "summary.py", RUN], stdout=writing, stderr=subprocess.PIPE, text=True)
        os.close(writing)
        self.assertEqual(result.stderr, "")

    def test_a_python_without_the_libraries(self):
        """-S: without the folders of installed packages."""
        for script in ("summary.py", "plot_loss.py", "compare_losses.py", "overlay.py"):
            result = call(script, RUN, RUN, python=(sys.executable, "-S"))
            self.assertEqual(result.returncode, 2)
            self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
            for words in (sys.executable, "apt install python3-numpy", "pip install numpy"):
                self.assertIn(words, result.stderr)


class WrongInput(Case):
    def test_words_and_no_traceback(self):
        text, foreign = self.path("text.h5"), self.path("foreign.h5")
        Path(text).write_text("hello")
        h5py.File(foreign, "w").close()
        for script in ("summary.py", "plot_loss.py"):
            for path in (text, foreign, self.path("missing.h5")):
                result = call(script, path)
                self.assertNotEqual(result.returncode, 0)
                self.assertIn(path, result.stderr)
                self.assertNotIn("Traceback", result.stderr)

    def test_unwritable_figure(self):
        figure = self.path("missing/loss.png")
        result = call("plot_loss.py", RUN, "-o", figure)
        self.assertIn(f"{figure}: cannot write", result.stderr)


if __name__ == "__main__":
    unittest.main()
