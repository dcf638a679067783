#!/usr/bin/env python3
"""Files that are hurt, or are none of ours: damaged.py HEDDLE MPIEXEC [FLAGS...]. HEDDLE_DAMAGES is how many of each kind are tried."""
import os
import random
import resource
import shutil
import subprocess
import sys
import unittest

import h5py
import numpy as np

from program import alone_and_on

HEDDLE, LAUNCH = sys.argv[1], sys.argv[2:]
DAMAGES = int(os.environ.get("HEDDLE_DAMAGES", 15))
SEED = int(os.environ.get("HEDDLE_SEED", random.SystemRandom().randrange(2**32)))
MEMORY = 3 << 30  # bytes of address space, of which MPI takes one


def bounded():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


class Damaged(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.alone, cls.pair = alone_and_on(2, HEDDLE, LAUNCH, cls)
        cls.alone.prepare()
        code, output, errors = cls.alone.run("run", "deck.toml", "train.steps=2", "output.directory=whole")
        assert code == 0, errors
        cls.draw = random.Random(SEED)
        print(f"HEDDLE_SEED={SEED}")

    def path(self, name):
        return os.path.join(self.alone.folder, name)

    def run_on(self, *arguments):
        done = subprocess.run([HEDDLE, *arguments], cwd=self.alone.folder, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL,
                              timeout=30, preexec_fn=bounded, env={**os.environ, "OMP_NUM_THREADS": "1"})
        return done.returncode, done.stdout, done.stderr

    def refused_or_whole(self, name, what, *arguments, codes=(0, 2)):
        code, output, errors = self.run_on(*arguments)
        self.assertIn(code, codes, f"{what}: {' '.join(arguments)}\n{output}{errors}")
        if code == 2:
            self.assertIn(name, errors, what)
        return code

    def hurt(self, source, target):
        with open(self.path(source), "rb") as file:
            bytes_ = bytearray(file.read())
        if self.draw.random() < 0.5:
            length = self.draw.randrange(len(bytes_))
            what, bytes_ = f"cut at {length}", bytes_[:length]
        else:
            at, bit = self.draw.randrange(len(bytes_)), self.draw.randrange(8)
            bytes_[at] ^= 1 << bit
            what = f"bit {bit} of byte {at}"
        with open(self.path(target), "wb") as file:
            file.write(bytes_)
        return what

    def test_checkpoints_with_a_flipped_byte_or_cut(self):
        """Refused, or, where no number and nothing that tells of it was hit, as it was."""
        for _ in range(DAMAGES):
            what = self.hurt("whole/checkpoints/step-000002.h5", "hurt.h5")
            if self.refused_or_whole("hurt.h5", what, "inspect", "hurt.h5", "--verify") == 0:
                self.refused_or_whole("hurt.h5", what, "diff", "hurt.h5", "whole/checkpoints/step-000002.h5", codes=(0,))

    def test_run_files_and_tokens_too(self):
        for source in ("whole/run.h5", "tokens.h5"):
            for _ in range(DAMAGES // 2):
                what = f"{source}, {self.hurt(source, 'hurt.h5')}"
                self.refused_or_whole("hurt.h5", what, "inspect", "hurt.h5", "--verify")
                if source == "whole/run.h5":
                    self.refused_or_whole("hurt.h5", what, "timeline", "hurt.h5", "-o", "t.svg", "--overwrite")
                else:
                    shutil.rmtree(self.path("out"), ignore_errors=True)
                    self.refused_or_whole("hurt.h5", what, "run", "deck.toml", "data.tokens=hurt.h5", "--quiet")

    def test_a_token_beyond_the_vocabulary(self):
        shutil.copy(self.path("tokens.h5"), self.path("beyond.h5"))
        with h5py.File(self.path("beyond.h5"), "r+", locking=False) as file:
            file.attrs["vocabulary"] = np.int64(100)
        for program in (self.alone, self.pair):
            code, _, errors = program.run("run", "deck.toml", f"grid.data={program.ranks}", "data.tokens=beyond.h5", "output.directory=on")
            self.assertEqual(code, 2, errors)
            self.assertRegex(errors, r"beyond.h5: token \d+ is the id 1\d\d \(the vocabulary has 100 ids, from 0\)")

    def test_a_token_below_it(self):
        for width in ("i1", "i2", "i8"):
            shutil.copy(self.path("tokens.h5"), self.path("below.h5"))
            with h5py.File(self.path("below.h5"), "r+", locking=False) as file:
                tokens = file["tokens"][:].astype(width)
                tokens[-7] = -5  # of the held-out part, which a run of two steps does not look at before its end
                del file["tokens"]
                file["tokens"] = tokens
            code, output, errors = self.alone.run("run", "deck.toml", "data.tokens=below.h5", "output.directory=on")
            self.assertEqual((code, output), (2, ""))
            self.assertRegex(errors, rf"below.h5: token {len(tokens) - 7} is the id -5 ")

    def mutate(self, source, target):
        """One object of another kind, type, rank or size than is ours."""
        shutil.copy(self.path(source), self.path(target))
        with h5py.File(self.path(target), "r+", locking=False) as file:
            names = []
            file.visit(names.append)
            places = [(name, None) for name in names] + [(name, key) for name in ["/", *names] for key in file[name].attrs]
            name, key = self.draw.choice(places)
            if key:
                value = self.draw.choice([np.int64(-1), np.int64(2**62), "", "x" * 70000, np.zeros((2, 3)), np.float64("nan"), np.zeros(0, "i8"), None])
                del file[name].attrs[key]
                if value is not None:
                    if isinstance(value, str) and len(value) > 60000:
                        value = value[:60000]
                    file[name].attrs[key] = value
                return f"attribute {key} of {name}: {str(value)[:20]!r}"
            del file[name]
            kind = self.draw.randrange(8)
            if kind == 0:
                return f"no {name}"
            if kind == 1:
                file.create_group(name)
            elif kind == 2:
                file.create_dataset(name, data=np.zeros((3, 4, 5), "i4"))
            elif kind == 3:
                file.create_dataset(name, shape=(2**40,), chunks=(1024,), maxshape=(None,), dtype="f4")
            elif kind == 4:
                file.create_dataset(name, data="a text of any length", dtype=h5py.string_dtype())
            elif kind == 5:
                file.create_dataset(name, data=np.zeros(3, [("step", "i8"), ("what", "S5")]))
            elif kind == 6:
                file.create_dataset(name, shape=(2**31, 2**20), chunks=(1, 1024), dtype="f8")
            else:
                file[name] = h5py.SoftLink("/nowhere")
            return f"{name}, made kind {kind}"

    def test_malformed_files(self):
        uses = {"whole/checkpoints/step-000002.h5": [["inspect", "FILE", "--verify"], ["diff", "FILE", "whole/checkpoints/step-000002.h5"], ["generate", "FILE", "--tokens", "3"],
                                                     ["run", "deck.toml", "train.steps=3", "output.directory=on", "--restart=FILE", "--quiet"]],
                "whole/run.h5": [["inspect", "FILE"], ["timeline", "FILE", "-o", "t.svg", "--overwrite"], ["diff", "FILE", "whole/run.h5"], ["generate", "other", "--tokens", "3"]],
                "tokens.h5": [["inspect", "FILE", "--verify"], ["run", "deck.toml", "data.tokens=FILE", "output.directory=on", "--quiet"]]}
        shutil.copytree(self.path("whole"), self.path("other"), dirs_exist_ok=True)
        for _ in range(DAMAGES):
            source = self.draw.choice(list(uses))
            what = f"{source}, {self.mutate(source, 'odd.h5')}"
            for use in uses[source]:
                shutil.rmtree(self.path("on"), ignore_errors=True)
                if use[1] == "other":
                    shutil.copy(self.path("odd.h5"), self.path("other/run.h5"))
                arguments = [word.replace("FILE", "odd.h5") for word in use]
                code, output, errors = self.run_on(*arguments)
                with self.subTest(what=what, use=" ".join(arguments)):
                    self.assertIn(code, (0, 2) if use[0] != "diff" else (0, 1, 2), output[-2000:] + errors[-2000:])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
