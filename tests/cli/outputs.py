#!/usr/bin/env python3
"""Where commands write: through links, into pipes, over nobody's file, and never into nothing unnoticed: outputs.py HEDDLE MPIEXEC [FLAGS...]."""
import json
import os
import subprocess
import sys
import threading
import unittest

from program import DECK, TEXT, alone_and_on

HEDDLE, LAUNCH = sys.argv[1], sys.argv[2:]
PIPELINE = '[pipeline]\nranks = 2\nmicrobatches = 4\nschedule = "1f1b"\n'
PRECIOUS = "somebody's own work\n"


class Outputs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.alone, cls.pair = alone_and_on(2, HEDDLE, LAUNCH, cls)
        cls.folder = cls.alone.folder
        for name, content in [("deck.toml", DECK), ("text.txt", TEXT), ("pipeline.toml", PIPELINE)]:
            cls.alone.write(name, content)
        cls.alone.run("prepare", "text.txt", "-o", "tokens.h5")
        cls.alone.run("simulate", "pipeline.toml", "-o", "run.h5")

    def writers(self, place):
        """A command for each kind of output, and whether the file tells that it is the command's own."""
        return [(["prepare", "text.txt", "-o", place], True),
                (["schedule", "pipeline.toml", "--format", "csv", "-o", place], False),
                (["schedule", "pipeline.toml", "--format", "svg", "-o", place], True),
                (["simulate", "pipeline.toml", "--json", place], True),
                (["simulate", "pipeline.toml", "--svg", place], True),
                (["simulate", "pipeline.toml", "-o", place], False),
                (["timeline", "run.h5", "-o", place], True)]

    def path(self, name):
        return os.path.join(self.folder, name)

    def gone(self, *names):
        for name in names:
            if os.path.lexists(self.path(name)):
                os.remove(self.path(name))

    def done(self, arguments):
        code, output, errors = self.alone.run(*arguments)
        self.assertEqual((code, errors), (0, ""), output)

    def test_nobodys_file_is_written_over_unasked(self):
        for command, _ in self.writers("mine"):
            with self.subTest(" ".join(command)):
                self.alone.write("mine", PRECIOUS)
                code, _, errors = self.alone.run(*command)
                self.assertEqual(code, 2, errors)
                self.assertRegex(errors, r"^mine: this file is there already \(.*\); name another, or add --overwrite\n$")
                self.assertEqual(self.alone.read("mine").decode(), PRECIOUS)
                self.assertFalse(os.path.exists(self.path("mine.partial")))
                self.done([*command, "--overwrite"])
                self.assertNotEqual(self.alone.read("mine").decode(errors="replace"), PRECIOUS)

    def test_a_commands_own_file_is_replaced(self):
        for command, own in self.writers("own"):
            with self.subTest(" ".join(command)):
                self.gone("own")
                self.done(command)
                if own:
                    self.done(command)
                else:
                    self.assertEqual(self.alone.run(*command)[0], 2)

    def test_an_empty_file_is_replaced_and_keeps_its_permissions(self):
        for command, _ in self.writers("empty"):
            with self.subTest(" ".join(command)):
                self.gone("empty")
                self.alone.write("empty", "")
                os.chmod(self.path("empty"), 0o600)
                self.done(command)
                self.assertGreater(os.path.getsize(self.path("empty")), 0)
                self.assertEqual(os.stat(self.path("empty")).st_mode & 0o777, 0o600)

    def test_links_are_followed(self):
        os.makedirs(self.path("far"), exist_ok=True)
        for command, _ in self.writers("link"):
            with self.subTest(" ".join(command)):
                self.gone("link", "second", "far/file")
                os.symlink("far/file", self.path("second"))
                os.symlink("second", self.path("link"))
                self.done(command)
                self.assertTrue(os.path.islink(self.path("link")) and os.path.islink(self.path("second")))
                self.assertGreater(os.path.getsize(self.path("far/file")), 0)

    def test_a_text_is_written_straight_to_a_pipe_and_a_table_of_hdf5_is_not(self):
        for command, _ in self.writers("pipe"):
            with self.subTest(" ".join(command)):
                self.gone("pipe")
                os.mkfifo(self.path("pipe"))
                if command[0] == "prepare" or command[:3] == ["simulate", "pipeline.toml", "-o"]:
                    code, _, errors = self.alone.run(*command)
                    self.assertEqual((code, errors), (2, "pipe: cannot write here (it is a pipe or a device); name a file\n"))
                    continue
                read = []
                reader = threading.Thread(target=lambda: read.append(self.alone.read("pipe")))
                reader.start()
                self.done(command)
                reader.join()
                self.assertGreater(len(read[0]), 0)

    def test_figures_go_to_standard_output(self):
        for place in ("-", "/dev/stdout"):
            code, output, errors = self.alone.run("simulate", "pipeline.toml", "--json", place)
            self.assertEqual((code, errors), (0, ""))
            self.assertEqual(json.JSONDecoder().raw_decode(output)[0]["format"], "heddle simulation")
        code, output, errors = self.pair.run("bench", "deck.toml", "grid.data=2", "--steps", "1", "--json", "-")
        self.assertEqual((code, errors), (0, ""))
        self.assertIn('"format": "heddle bench"', output)

    def test_output_that_nobody_takes_is_a_failure(self):
        for arguments in [["check", "deck.toml"], ["schedule", "pipeline.toml"], ["schedule", "pipeline.toml", "--format", "csv"],
                          ["simulate", "pipeline.toml"], ["simulate", "pipeline.toml", "--json", "-"], ["--help"], ["--version"],
                          ["run", "deck.toml"], ["generate", "out", "--tokens", "5"], ["prepare", "text.txt", "-o", "again.h5"],
                          ["bench", "deck.toml", "--steps", "1"]]:
            with self.subTest(" ".join(arguments)), open("/dev/full", "w") as full:
                if arguments[0] == "generate":
                    self.done(["run", "deck.toml", "--overwrite"])
                done = subprocess.run([HEDDLE, *arguments], cwd=self.folder, stdout=full, stderr=subprocess.PIPE, text=True,
                                      stdin=subprocess.DEVNULL, timeout=60)
                self.assertEqual((done.returncode, done.stderr),
                                 (1, "standard output: cannot write all of it (No space left on device)\n"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
