#!/usr/bin/env python3
"""What is found of a run by its folder, its run.h5 or a checkpoint, among strangers: left_behind.py HEDDLE MPIEXEC [FLAGS...]."""
import os
import shutil
import sys
import unittest

from program import alone_and_on

HEDDLE, LAUNCH = sys.argv[1], sys.argv[2:]


class LeftBehind(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.alone, _ = alone_and_on(1, HEDDLE, LAUNCH, cls)
        cls.alone.prepare()
        for name, more in [("run", []), ("other", ["train.seed=2"]), ("same", [])]:
            code, _, errors = cls.alone.run("run", "deck.toml", "train.steps=4", "optimizer.rate=0.1", "output.checkpoint_every=1", f"output.directory={name}", *more)
            assert code == 0, errors

    def path(self, name):
        return os.path.join(self.alone.folder, name)

    def copy(self, to):
        shutil.copytree(self.path("run"), self.path(to))
        return self.path(f"{to}/checkpoints/step-000004.h5")

    def text(self, name):
        """What is generated, and what is said on the way."""
        code, output, errors = self.alone.run("generate", name, "--tokens", "30", "--prompt", "To be", "--temperature", "2")
        self.assertEqual(code, 0, errors)
        return output, errors

    def test_any_file_of_a_run_names_it(self):
        expected = self.text("run")
        self.assertEqual(expected[1], "")
        for name in ("run/run.h5", "run/checkpoints/step-000004.h5", self.path("run")):
            self.assertEqual(self.text(name), expected, name)
        self.assertNotEqual(self.text("run/checkpoints/step-000001.h5"), expected, "an older one is taken where it is named")
        os.chdir(self.path("run/checkpoints"))
        self.alone.folder, folder = os.getcwd(), self.alone.folder
        self.addCleanup(setattr, self.alone, "folder", folder)
        self.assertEqual(self.text("step-000004.h5"), expected)

    def test_strangers_are_named_and_passed_over(self):
        newest = self.copy("strange")
        for name, source in [("notes.txt", None), ("step-000009.h5", "other"), ("step-000010.h5", "same"), ("tokens.h5", "tokens")]:
            to = self.path(f"strange/checkpoints/{name}")
            if source == "tokens":
                shutil.copy(self.path("tokens.h5"), to)
            elif source:
                shutil.copy(self.path(f"{source}/checkpoints/step-000004.h5"), to)
            else:
                self.alone.write(f"strange/checkpoints/{name}", "mine\n")
        output, errors = self.text("strange")
        self.assertEqual(output, self.text("run")[0])
        said = errors.splitlines()
        self.assertEqual(len(said), 4, errors)
        for line, (name, why) in zip(said, [("notes.txt", "cannot open it as an HDF5 file"), ("step-000009.h5", "it is another run's"),
                                            ("step-000010.h5", "it is another run's"), ("tokens.h5", "this is no checkpoint")]):
            self.assertTrue(line.startswith(f"heddle: passed over: strange/checkpoints/{name}: {why}"), line)
        self.assertTrue(os.path.exists(newest))

    def test_the_newest_that_can_be_read_stands_for_a_damaged_one(self):
        expected = self.text("run/checkpoints/step-000003.h5")[0]
        def flipped(whole):
            third = len(whole) // 3
            return whole[:third] + bytes(byte ^ 255 for byte in whole[third : 2 * third]) + whole[2 * third :]

        for name, damage in [("short", lambda whole: whole[: len(whole) // 2]), ("flipped", flipped)]:
            newest = self.copy(name)
            with open(newest, "rb") as file:
                whole = file.read()
            with open(newest, "wb") as file:
                file.write(damage(whole))
            output, errors = self.text(name)
            self.assertEqual(output, expected, name)
            self.assertRegex(errors, rf"^heddle: passed over: {name}/checkpoints/step-000004.h5: cannot [^\n]*\n$")

    def test_a_checkpoint_of_another_run_is_refused_where_it_is_named(self):
        self.copy("mixed")
        shutil.copy(self.path("other/checkpoints/step-000004.h5"), self.path("mixed/checkpoints/step-000007.h5"))
        code, output, errors = self.alone.run("generate", "mixed/checkpoints/step-000007.h5")
        self.assertEqual((code, output), (2, ""))
        self.assertIn("mixed/checkpoints/step-000007.h5: it is another run's", errors)

    def inspected(self, name, *more):
        code, output, errors = self.alone.run("inspect", name, *more)
        self.assertEqual((code, errors), (0, ""))
        return output

    def test_inspect_says_what_a_file_holds(self):
        self.assertRegex(self.inspected("run/checkpoints/step-000004.h5", "--verify"),
                         r"checkpoint .*\nrun +[0-9a-f]{16}\nafter +step 4, 32 samples\nlearnt from +\d+ byte tokens .*\nmodel +2 layers, 2 heads, width 16, "
                         r"(.*\n)*.* 2 x layers.\*.norm1.weight +fp32 \[16\]\n(.*\n)*verified +\d+ numbers, every checksum is right\n\Z")
        self.assertRegex(self.inspected("run/run.h5", "--verify"), r"\nstate +finished\n(.*\n)*steps +1 to 4, loss (.*\n)*  leg 1: .*, after step 0\nverified +4 steps and \d+ events")
        self.assertRegex(self.inspected("tokens.h5", "--verify"), r"\ntext +text.txt\nvocabulary +256 ids\nverified +\d+ tokens")
        damaged = self.copy("hurt")
        with open(damaged, "r+b") as file:
            file.seek(os.path.getsize(damaged) // 2)
            file.write(bytes(200))
        code, _, errors = self.alone.run("inspect", damaged, "--verify")
        self.assertEqual(code, 2, errors)
        self.assertRegex(errors, r"step-000004.h5: cannot read (parameters|optimizer)/")
        self.assertEqual(self.alone.run("inspect", "text.txt")[0], 2)

    def test_diff_says_in_what_two_files_differ(self):
        code, output, errors = self.alone.run("diff", "run/checkpoints/step-000004.h5", "other/checkpoints/step-000004.h5")
        self.assertEqual((code, errors), (1, "run/checkpoints/step-000004.h5 and other/checkpoints/step-000004.h5 differ\n"))
        self.assertRegex(output, r'step 4 \| 4\ntrain.seed: 1 \| 2\noutput.directory: "run" \| "other"\n\d+ of \d+ tensors differ\n.*largest.*\n(.*\n){10}\.\.\. and \d+ more\n\Z')
        code, output, _ = self.alone.run("diff", "run/checkpoints/step-000004.h5", "same/checkpoints/step-000004.h5")
        self.assertEqual(code, 0)
        self.assertRegex(output, r"all \d+ tensors are the same, bit by bit\n\Z")
        code, output, _ = self.alone.run("diff", "run/run.h5", "other/run.h5")
        self.assertEqual(code, 1)
        self.assertRegex(output, r"the losses part at step 1\n4 of 4 steps' losses differ\n")
        self.assertEqual(self.alone.run("diff", "run/run.h5", "same/run.h5")[0], 0)
        self.assertEqual(self.alone.run("diff", "run/run.h5", "tokens.h5")[0], 2)

    def test_a_timeline_shows_no_time_that_nobody_saw(self):
        """Of a long run, which keeps the events of each of its first steps and then of every k-th."""
        code, _, errors = self.alone.run("run", "deck.toml", "train.steps=3000", "train.batch=32", "pipeline.microbatches=16", "model.width=4", "model.heads=1",
                                         "model.layers=1", "output.events_mib=1", "output.log_every=3000", "output.directory=long")
        self.assertEqual((code, errors), (0, ""))
        self.assertEqual(self.alone.run("timeline", "long", "--steps", "5:9", "-o", "early.svg")[0], 0)
        self.assertEqual(self.alone.run("timeline", "long", "-o", "last.svg")[0], 0)
        code, _, errors = self.alone.run("timeline", "long", "--steps", f"5:{2 ** 63 - 1}", "-o", "none.svg")
        self.assertEqual(code, 2)
        self.assertRegex(errors, r"^command line: --steps: long/run.h5 has no events between its steps \d+ and \d+ \(.*output.events_mib\)\); try --steps \d+\n$")

    def test_a_timeline_is_drawn_of_any_of_them(self):
        for name in ("run", "run/run.h5", "run/checkpoints/step-000001.h5"):
            code, _, errors = self.alone.run("timeline", name, "-o", "timeline.svg", "--overwrite")
            self.assertEqual((code, errors), (0, ""), name)
        code, _, errors = self.alone.run("timeline", "run", "--steps", "7:9", "-o", "none.svg")
        self.assertEqual(code, 2)
        self.assertIn("run/run.h5 has events of steps between 1 and 4, and of none of these); try --steps 4", errors)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
