#!/usr/bin/env python3
"""What `heddle bench --machine` measures is a machine that `heddle simulate` believes in: machine.py HEDDLE MPIEXEC [FLAGS...]."""
import math
import os
import re
import sys
import tomllib
import unittest

from program import DECK, alone_and_on

HEDDLE, LAUNCH = sys.argv[1], sys.argv[2:]
OF_A_RANK = {"fp64", "fp32", "bf16", "memory", "kernel"}
OF_MESSAGES = {"latency", "bandwidth"}
PATIENT = 500  # seconds, where other work has the cores


class Machine(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.alone, cls.pair = alone_and_on(2, HEDDLE, LAUNCH, cls)
        cls.alone.write("deck.toml", DECK)
        cls.measured = cls.pair.run("bench", "--machine", "pair.toml", seconds=PATIENT)

    def machine(self, name):
        return tomllib.loads(self.alone.read(name).decode())["machine"]

    def makespan(self, *overrides):
        code, output, errors = self.alone.run("simulate", "deck.toml", "grid.pipeline=2", "pipeline.microbatches=4", *overrides)
        self.assertEqual((code, errors), (0, ""), output)
        return float(re.search(r"makespan +([\d.e+-]+) s", output)[1])

    def test_what_two_ranks_measure_is_positive_and_finite(self):
        code, output, errors = self.measured
        self.assertEqual((code, errors), (0, ""), output)
        self.assertLessEqual(max(map(len, output.splitlines())), 120, output)
        for words in ("fp64 product", "bf16 product", "attention", "backward", "copy", "a small kernel", "round trip",
                      "all_gather", "reduce_scatter", "sum_reduce"):
            self.assertIn(words, output)
        machine = self.machine("pair.toml")
        self.assertEqual(machine.pop("ranks_per_node"), 2)
        self.assertIn(machine.pop("contention"), (True, False))
        self.assertEqual(machine.keys(), OF_A_RANK | OF_MESSAGES)
        for key, value in machine.items():
            self.assertTrue(0 < value and math.isfinite(value), f"{key} = {value}")

    def test_a_file_says_of_what_it_was_measured_and_what_it_leaves_out(self):
        text = self.alone.read("pair.toml").decode()
        self.assertRegex(text, r"^# Measured by `heddle bench --machine` of heddle .* on \d{4}-\d\d-\d\d \d\d:\d\d UTC: "
                               r"2 ranks on 1 node, .+\.\n")
        self.assertIn("\n# node_bandwidth is left out: no two ranks between nodes took part", text)

    def test_the_file_is_a_machine_to_simulate_on(self):
        measured = self.makespan("cost.machine=pair.toml")
        rates = {key: self.machine("pair.toml")[key] / 2 for key in ("fp32", "memory", "bandwidth")}
        delays = {key: self.machine("pair.toml")[key] * 2 for key in ("kernel", "latency")}
        half = [f"machine.{key}={value!r}" for key, value in {**rates, **delays}.items()]
        self.assertAlmostEqual(self.makespan("cost.machine=pair.toml", *half) / measured, 2, delta=1e-3)

    def test_one_rank_with_a_deck_measures_its_attention_and_leaves_messages_out(self):
        code, output, errors = self.alone.run("bench", "deck.toml", "model.width=32", "--machine", "one.toml", seconds=PATIENT)
        self.assertEqual((code, errors), (0, ""), output)
        self.assertIn("fp32 attention 8 x 16 tokens, 2 heads x 16, forward", output)
        self.assertEqual(self.machine("one.toml").keys(), OF_A_RANK | {"ranks_per_node"})

    def test_a_file_that_is_there_stays(self):
        self.alone.write("mine.toml", "[machine]\nfp32 = 1e12\n")
        for program in (self.alone, self.pair):
            code, _, errors = program.run("bench", "--machine", "mine.toml")
            self.assertEqual(code, 2)
            self.assertRegex(errors, r"^mine\.toml: this file is there already \(.*\); name another, or add --overwrite\n$")
        self.assertEqual(self.alone.read("mine.toml"), b"[machine]\nfp32 = 1e12\n")
        self.assertEqual([name for name in os.listdir(self.alone.folder) if name.endswith(".partial")], [])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
