#!/usr/bin/env python3
"""What `cmake --install` leaves under a prefix works from any folder: installed.py HEDDLE BUILD CMAKE."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

HEDDLE, BUILD, CMAKE = sys.argv[1:4]
COMMANDS = ["heddle-compare-losses", "heddle-overlay", "heddle-plot-loss", "heddle-summary"]

# Completes "heddle WORDS" as readline asks for it, and prints what is offered.
ASK = """
. "$1"; shift
COMP_WORDS=(heddle "$@"); COMP_CWORD=$(($# )); COMPREPLY=()
_heddle; printf '%s\\n' "${COMPREPLY[@]}"
"""


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.prefix = tempfile.mkdtemp(prefix="heddle-installed-")
        cls.addClassCleanup(shutil.rmtree, cls.prefix)
        cls.done([CMAKE, "--install", BUILD, "--prefix", cls.prefix])

    @staticmethod
    def done(command, **more):
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120, **more)
        assert done.returncode == 0 and not done.stderr, (command, done.stdout, done.stderr)
        return done.stdout

    def path(self, name):
        return os.path.join(self.prefix, name)

    def test_commands_are_there(self):
        environment = {"PATH": f"{self.path('bin')}:/usr/bin:/bin"}
        self.assertEqual(sorted(os.listdir(self.path("bin"))), sorted(["heddle", *COMMANDS]))
        self.assertEqual(self.done(["heddle", "version"], env=environment, cwd="/"), self.done([HEDDLE, "version"]))
        for command in COMMANDS:
            self.assertIn(f"usage: {command} ", self.done([command, "--help"], env=environment, cwd="/"))
            with open(self.path(f"bin/{command}"), encoding="utf-8") as file:
                self.assertTrue(os.access(file.readline().strip().removeprefix("#!"), os.X_OK))

    def offered(self, *words):
        script = self.path("share/bash-completion/completions/heddle")
        return self.done(["bash", "-c", ASK, "bash", script, *words]).split()

    def test_bash_completes_commands_options_keys_and_their_words(self):
        self.assertEqual(self.offered("sch"), ["schedule"])
        self.assertEqual(self.offered("run", "deck.toml", "--ov"), ["--overwrite"])
        self.assertEqual(self.offered("schedule", "deck.toml", "--format", "s"), ["svg"])
        self.assertEqual(self.offered("run", "deck.toml", "grid.t"), ["grid.tensor="])
        self.assertEqual(self.offered("run", "deck.toml", "train.precision", "=", "fp"), ["fp64", "fp32"])
        self.assertEqual(self.offered("run", "deck.toml", "train.precision", "="), ["fp64", "fp32", "tf32", "bf16"])
        self.assertEqual(self.offered("run", "deck.toml", "output.events", "=", "t"), ["true"])
        self.assertEqual(self.offered("help", "model.wid"), ["model.width"])
        self.assertEqual(self.offered("prepare", "te"), [])  # files, which bash completes itself
        for words in (["generate", "runs/x", "gri"], ["run", "de"]):
            self.assertEqual(self.offered(*words), [])

    def test_zsh_can_read_its_completion(self):
        with open(self.path("share/zsh/site-functions/_heddle"), encoding="utf-8") as file:
            self.assertEqual(file.readline(), "#compdef heddle\n")
        if not shutil.which("zsh"):
            self.skipTest("no zsh: its completion is not read")
        self.done(["zsh", "-n", self.path("share/zsh/site-functions/_heddle")])

    def test_every_word_of_the_program_is_in_the_manual(self):
        page = self.path("share/man/man1/heddle.1")
        with open(page, encoding="utf-8") as file:
            text = file.read().replace("\\-", "-")
        for word in ["heddle run DECK [KEY=VALUE ...]", "-q, --quiet", "--format text|csv|svg", "model.width", "optimizer.schedule", ".SH EXIT STATUS"]:
            self.assertIn(word, text)
        if not shutil.which("groff"):
            self.skipTest("no groff: the manual is not set")
        self.assertIn("HEDDLE(1)", self.done(["groff", "-man", "-ww", "-Tascii", "-P-c", page]))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
