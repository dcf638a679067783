#!/usr/bin/env python3
"""Where the program's words go: run.log, --quiet, colours, and a deck on the standard input: words.py HEDDLE MPIEXEC [FLAGS...]."""
import os
import pty
import re
import subprocess
import sys
import unittest

from program import DECK, LAUNCHER_BOX, alone_and_on

HEDDLE, LAUNCH = sys.argv[1], sys.argv[2:]


class Words(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.alone, cls.pair = alone_and_on(2, HEDDLE, LAUNCH, cls)
        cls.alone.prepare()
        cls.folder = cls.alone.folder

    def log(self, run):
        return self.alone.read(f"{run}/run.log").decode()

    def test_the_log_has_what_is_printed(self):
        for program, grid in [(self.alone, []), (self.pair, ["grid.data=2"])]:
            run = f"logged-{program.ranks}"
            deck = ["run", "deck.toml", *grid, f"output.directory={run}", "train.steps=30", "output.log_every=5"]
            code, output, errors = program.run(*deck)
            self.assertEqual((code, errors), (0, ""))
            self.assertEqual(self.log(run), output)
            self.assertEqual(len(re.findall(r"^step +\d+/30  loss ", output, re.MULTILINE)), 7)
            quiet = program.run(*deck, "--overwrite", "--quiet")
            self.assertEqual(quiet, (0, "", ""))
            self.assertEqual(self.log(run).count("\n"), output.count("\n"))
            self.assertIn(f"step 30: checkpoint {run}/checkpoints/step-000030.h5, ", self.log(run))

    def test_the_log_has_warnings_and_how_a_run_ended(self):
        code, _, errors = self.alone.run("run", "deck.toml", "data.held_out=0", "output.directory=warned", "--quiet", "--fault", "0STEP:nan")
        self.assertEqual(code, 3)
        remark, end = errors.splitlines()
        self.assertEqual(remark, "deck.toml:14:1: train.evaluate_windows = 8 does nothing, as data.held_out = 0.0 (there is nothing to evaluate on)")
        self.assertTrue(self.log("warned").startswith(remark + "\n"))
        self.assertTrue(self.log("warned").endswith(end + "\n"), self.log("warned"))

    def test_a_log_that_cannot_be_written_ends_no_run(self):
        os.makedirs(os.path.join(self.folder, "full"))
        os.symlink("/dev/full", os.path.join(self.folder, "full/run.log"))
        code, output, errors = self.alone.run("run", "deck.toml", "output.directory=full")
        self.assertEqual((code, errors), (0, "heddle: full/run.log: cannot write it (No space left on device); the run goes on without these lines\n"))
        self.assertIn("step 2/2", output)

    def test_a_deck_may_come_through_a_pipe(self):
        for program, grid in [(self.alone, []), (self.pair, ["grid.data=2"])]:
            words = ["run", "-", *grid, f"output.directory=piped-{program.ranks}"]
            done = self.piped([*program.command, *words], DECK)
            self.assertEqual((done.returncode, LAUNCHER_BOX.sub("", done.stderr)), (0, ""))
            self.assertIn("stdin: ", done.stdout)
            wrong = self.piped([*program.command, *words], DECK.replace("layers = 2", "layers = 0"))
            self.assertEqual(wrong.returncode, 2)
            self.assertRegex(LAUNCHER_BOX.sub("", wrong.stderr), r"^standard input:2:1: model.layers = 0 is out of range .*\n$")
        self.assertEqual(self.piped([HEDDLE, "check", "-"], DECK).stdout, self.alone.run("check", "deck.toml")[1])
        self.assertRegex(self.piped([HEDDLE, "check", "-"], "").stderr, r"^standard input:1:1: the deck is empty ")

    def piped(self, command, deck):
        return subprocess.run(command, cwd=self.folder, input=deck, capture_output=True, text=True, timeout=60,
                              env={**os.environ, "OMP_NUM_THREADS": "1"})

    def on_terminal(self, *words, **environment):
        """What a person sees of a run."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen([HEDDLE, *words], cwd=self.folder, stdin=theirs, stdout=theirs, stderr=theirs,
                                   env={**os.environ, "TERM": "xterm", "OMP_NUM_THREADS": "1", **environment})
        os.close(theirs)
        seen = b""
        try:
            while piece := os.read(ours, 65536):
                seen += piece
        except OSError:  # the other end is closed
            pass
        process.wait(timeout=60)
        os.close(ours)
        return seen.decode()

    def test_colour_is_for_terminals_that_have_it(self):
        wrong = ["check", "deck.toml", "model.layers=0"]
        self.assertRegex(self.on_terminal(*wrong, NO_COLOR=""), r"^\x1b\[31mcommand line: model.layers=0: .*\x1b\[0m\r\n$")
        for environment in [{"NO_COLOR": "1"}, {"NO_COLOR": "", "TERM": "dumb"}]:
            self.assertRegex(self.on_terminal(*wrong, **environment), r"^command line: model.layers=0: [^\x1b]*\r\n$")
        self.assertNotIn("\x1b", self.alone.run(*wrong)[2])
        seen = self.on_terminal("run", "deck.toml", "output.directory=seen", NO_COLOR="")
        self.assertRegex(seen, r"\x1b\[Kstep 2/2  loss \x1b\[32m\d\.\d{4}\x1b\[0m  ")
        self.assertNotIn("\x1b", self.log("seen"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
