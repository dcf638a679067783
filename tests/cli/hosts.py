#!/usr/bin/env python3
"""Runs over three hosts that are joined by a network: shaped, cut for a while, and cut for good: hosts.py HEDDLE MPIEXEC [FLAGS...]. Exit code 77 where
there can be no such hosts. HEDDLE_INSTANTS=30: how often a host is cut off."""
import os
import random
import re
import sys
import time
import unittest

import h5py
import numpy as np

from network import Network, missing
from program import PATIENCE, alone_and_on

HEDDLE, LAUNCH = sys.argv[1], sys.argv[2:]
HOSTS = 3
TIMEOUT = 5  # seconds
DECK = ["run", "deck.toml", "grid.data=3", "train.batch=9", f"comm.timeout={TIMEOUT}", "output.log_every=1"]
SEED = int(os.environ.get("HEDDLE_SEED", time.time_ns() % 2**32))
INSTANTS = int(os.environ.get("HEDDLE_INSTANTS", 3))


class Hosts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.network = NETWORK
        cls.alone, cls.here = alone_and_on(HOSTS, HEDDLE, LAUNCH, cls)
        _, cls.over = alone_and_on(HOSTS, HEDDLE, cls.network.launch(LAUNCH[0]), cls)
        cls.over.folder = cls.alone.folder
        cls.alone.prepare()
        code, _, errors = cls.here.run(*DECK, "train.steps=40", "output.directory=here")
        assert code == 0, errors

    def losses(self, run):
        with h5py.File(os.path.join(self.alone.folder, run, "run.h5"), "r", locking=False) as file:
            return file["steps"]["loss"]

    def start(self, run, *more):
        """One that has done its first step."""
        launched = self.over.start(*DECK, f"output.directory={run}", *more)

        def end():
            launched.kill()
            launched.communicate()

        self.addCleanup(end)
        for line in launched.stdout:
            if line.startswith("step "):
                return launched
        self.fail(launched.stderr.read())

    def ends_well(self, launched, run):
        errors = launched.communicate(timeout=120 * PATIENCE)[1]
        self.assertEqual(launched.returncode, 0, errors)
        self.assertTrue(np.array_equal(self.losses(run), self.losses("here")))

    def test_three_hosts_give_what_one_gives(self):
        self.ends_well(self.start("three", "train.steps=40"), "three")

    def test_a_slow_network_gives_it_too(self):
        self.network.shape(20)
        self.addCleanup(self.network.unshape)
        self.ends_well(self.start("slow", "train.steps=40"), "slow")

    def test_a_cut_that_is_mended_costs_nothing_but_time(self):
        launched = self.start("mended", "train.steps=40", "--fault", "0F0:delay:step=20:rank=1:seconds=1")
        self.network.cut(2)
        time.sleep(2)
        self.network.join(2)
        self.ends_well(launched, "mended")

    def test_a_host_that_is_cut_off_ends_the_run_everywhere(self):
        """On the others with a table that names it, and there as well. It goes on when the hosts are joined again."""
        chance = random.Random(SEED)
        for instant in range(INSTANTS):
            lost = chance.choice(list(self.network.hosts))
            with self.subTest(seed=SEED, instant=instant, lost=lost):
                run = f"lost-{instant}"
                launched = self.start(run, "train.steps=1000000", "output.events=false", "output.checkpoint_every=50", "train.evaluate_every=20", "data.held_out=0.1")
                time.sleep(chance.uniform(0, 2))
                self.network.cut(lost)
                self.addCleanup(self.network.join, lost)
                cut = time.monotonic()
                while self.network.processes(HEDDLE) and time.monotonic() < cut + TIMEOUT + 5:
                    time.sleep(0.05)
                self.assertEqual(self.network.processes(HEDDLE), {}, "no process is left in time")
                self.network.join(lost)
                launched.kill()
                errors = launched.communicate()[1]
                self.assertRegex(errors, rf"no progress for {TIMEOUT} s")
                self.assertRegex(errors, rf"no answer from rank \d on host\d")
                code, output, errors = self.over.run(*DECK, f"output.directory={run}", "train.max_seconds=1", "train.steps=1000000", "--restart")
                self.assertEqual(code, 5, errors)
                self.assertRegex(output, r"goes on after step \d+|no checkpoint is there to go on from")


if __name__ == "__main__":
    if why := missing():
        print(f"hosts.py: skipped: {why}", file=sys.stderr)
        sys.exit(77)
    try:
        NETWORK = Network(HOSTS)
    except OSError as refused:
        print(f"hosts.py: skipped: no hosts can be made here: {refused}", file=sys.stderr)
        sys.exit(77)
    try:
        unittest.main(argv=sys.argv[:1], verbosity=2)
    finally:
        NETWORK.end()
