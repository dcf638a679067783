#!/usr/bin/env python3
"""200 command lines with a slip each: code 2, one message, and what it advises is taken.

    fuzzed.py HEDDLE [unused...]"""
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from program import DECK, TEXT

HEDDLE = sys.argv[1]
RIGHT = [
    ["check", "deck.toml", "model.width=32"],
    ["check", "deck.toml", "grid.pipeline=2", "pipeline.microbatches=4", "optimizer.rate=1e-3"],
    ["schedule", "deck.toml", "--format", "csv", "pipeline.ranks=4", "pipeline.microbatches=8"],
    ["schedule", "deck.toml", "--communication", "pipeline.schedule=zb-h1"],
    ["simulate", "deck.toml", "pipeline.ranks=2", "cost.forward=[1,2]"],
    ["help", "model.width"],
    ["prepare", "text.txt", "-o", "fuzzed.h5", "--tokenizer", "char", "--overwrite"],
]
WRONG_VALUES = ["-1", "x", "nan", "[1", "1e999", '"', "true", "0.5x", "18446744073709551616", "[9,9,9]"]


def edited(word, dice):
    """A slip of the finger."""
    at = dice.randrange(len(word))
    swapped = word[:at] + word[at + 1 : at + 2] + word[at] + word[at + 2 :]
    return dice.choice([word[:at] + word[at + 1 :], word[:at] + "q" + word[at:], swapped])


def slip(words, dice):
    words = list(words)
    overrides = [i for i, word in enumerate(words) if re.match(r"[a-z]+\.[a-z_]+=", word)]
    options = [i for i, word in enumerate(words) if word.startswith("--")]
    kind = dice.choice(["command", "key", "value", "option", "strange", "missing", "twice"])
    if kind == "command":
        words[0] = edited(words[0], dice)
    elif kind == "key" and overrides:
        i = dice.choice(overrides)
        words[i] = edited(words[i].split("=")[0], dice) + "=" + words[i].split("=", 1)[1]
    elif kind == "value" and overrides:
        i = dice.choice(overrides)
        words[i] = words[i].split("=")[0] + "=" + dice.choice(WRONG_VALUES)
    elif kind == "option" and options:
        i = dice.choice(options)
        words[i] = "--" + edited(words[i][2:], dice)
    elif kind == "strange":
        words.insert(dice.randrange(1, len(words) + 1), dice.choice(["--frob", "-x", "model.width", "nowhere.toml", "=3", "..=1"]))
    elif kind == "missing":
        del words[1]
    else:
        words += [words[0], "--"]
    return words


def followed(words, message):
    """The command line with what the message advises; None where it leaves that to the reader."""
    tried = re.search(r"; (?:[^;]*, or )?try ([a-z_]+\.[a-z_]+) = (\[[^]]*\]|\"[^\"]*\"|[^\s,]+)", message)
    if tried:
        return words + [f"{tried[1]}={tried[2]}"]
    meant = re.search(r"; did you mean ([a-z_.]+)\?$", message)
    wrong = re.search(r"command line: (?:heddle has no command (\S+);|help (\S+):|([^:=\s]+)=)", message)
    if meant and wrong:
        old = next(part for part in wrong.groups() if part)
        return [re.sub(f"^{re.escape(old)}(?==|$)", meant[1], word) for word in words]
    return None


class Fuzzed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="heddle-fuzzed-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        for name, text in [("deck.toml", DECK), ("text.txt", TEXT)]:
            with open(os.path.join(cls.folder, name), "w", encoding="utf-8") as file:
                file.write(text)

    def outcome(self, words):
        done = subprocess.run([HEDDLE, *words], cwd=self.folder, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
        return done.returncode, done.stderr.splitlines()

    def test_what_is_right_is_taken(self):
        for words in RIGHT:
            self.assertEqual(self.outcome(words), (0, []), words)

    def test_a_slip_has_one_message_and_its_advice_is_taken(self):
        dice, refused, led_on = random.Random(2026), 0, 0
        while refused < 200:
            words = slip(dice.choice(RIGHT), dice)
            code, lines = self.outcome(words)
            if code == 0:
                continue
            refused += 1
            with self.subTest(" ".join(words)):
                self.assertEqual((code, len(lines)), (2, 1), lines)
                self.assertRegex(lines[0], r"^(command line: |[^ ]+: |deck\.toml:\d+:\d+: )")
                led_on += self.follow(words, lines[0])
        print(f"{refused} command lines, {led_on} mended by what was advised")
        self.assertGreater(led_on, 20)  # not all leave it to the reader

    def follow(self, words, message):
        """Whether advice led to a command line that is taken."""
        for _ in range(8):
            words = followed(words, message)
            if words is None:
                return False
            code, lines = self.outcome(words)
            if code == 0:
                return True
            self.assertEqual((code, len(lines)), (2, 1), lines)
            self.assertNotEqual(message, lines[0])
            message = lines[0]
        self.fail(f"no end of advice: {message}")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
