#!/usr/bin/env python3
"""A training run on one rank gives the same losses with one thread and with two: training_test.py HEDDLE SMOKE_DECK."""
import os
import subprocess
import sys
import tempfile
import time
import unittest

import h5py

HEDDLE, SMOKE = map(os.path.abspath, sys.argv[1:])
TEXT = "To be, or not to be, that is the question:\nWhether 'tis nobler in the mind to suffer\n" * 40


class Training(unittest.TestCase):
    def heddle(self, threads, *arguments):
        """The most threads that the process was seen to have, those of MPI among them."""
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
        seen = 0
        with open("messages.txt", "w+") as messages:
            process = subprocess.Popen([HEDDLE, *arguments], env=environment, stdout=messages, stderr=messages)
            while process.poll() is None:
                seen = max(seen, len(os.listdir(f"/proc/{process.pid}/task")))
                time.sleep(0.002)
            messages.seek(0)
            self.assertEqual(process.returncode, 0, messages.read())
        return seen

    def train(self, threads):
        seen = self.heddle(threads, "run", SMOKE, "model.dropout=0.1", f"output.directory=threads-{threads}")
        with h5py.File(f"threads-{threads}/run.h5", "r") as file:
            return seen, file["steps"]["loss"].tolist()

    def test_two_threads_give_the_losses_of_one(self):
        with tempfile.TemporaryDirectory(prefix="heddle-threads-") as folder:
            os.chdir(folder)
            with open("text.txt", "w") as text:
                text.write(TEXT)
            self.heddle(1, "prepare", "text.txt", "-o", "data/smoke.h5")
            (few, one), (more, two) = self.train(1), self.train(2)
        self.assertEqual(more, few + 1, "the second thread was not there")
        self.assertEqual(len(one), 20)
        self.assertLess(one[-1], 0.99 * one[0], "the loss has to fall for the comparison to mean anything")
        largest = max(abs(b / a - 1) for a, b in zip(one, two))
        print(f"two threads differ from one by {largest:.1e} in any loss")
        self.assertLessEqual(largest, 1e-5)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
