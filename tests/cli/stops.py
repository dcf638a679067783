#!/usr/bin/env python3
"""How runs end whose processes are stopped or told to end from outside: stops.py HEDDLE MPIEXEC [FLAGS...]."""
import os
import re
import signal
import sys
import time
import unittest

from program import alone_and_on

HEDDLE, LAUNCH = sys.argv[1], sys.argv[2:]
RANKS = 2
TIMEOUT = 3  # seconds
LONG = ["run", "deck.toml", "grid.data=2", f"comm.timeout={TIMEOUT}", "train.steps=1000000", "output.events=false", "--overwrite"]


class Stops(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.alone, cls.pair = alone_and_on(RANKS, HEDDLE, LAUNCH, cls)
        cls.alone.prepare()

    def start(self, *overrides):
        """A long run that has done its first step, and the processes of its ranks."""
        run = self.pair.start(*LONG, *overrides)

        def end():
            run.kill()  # which ends the ranks too
            run.wait()
            run.stdout.close()
            run.stderr.close()

        self.addCleanup(end)
        for line in run.stdout:
            if line.startswith("step "):
                return run, self.pair.processes(run)
        self.fail(run.stderr.read())

    def hangs(self, run, stopped):
        """What a run says that has hung since `stopped`."""
        code = run.wait(60)
        took = time.monotonic() - stopped
        errors = run.stderr.read()
        self.assertEqual(code, 4, errors)
        self.assertLess(took, TIMEOUT + 5, errors)
        self.assertEqual(errors.count(f"no progress for {TIMEOUT} s"), 1, errors)
        return errors

    def test_a_rank_stopped_in_training_is_named_in_time(self):
        for rank in range(RANKS):
            with self.subTest(rank):
                run, pids = self.start("output.log_every=1")
                os.kill(pids[rank], signal.SIGSTOP)
                errors = self.hangs(run, time.monotonic())
                self.assertRegex(errors, rf"\n *{rank}  no answer \(stopped or dead\)")
                self.assertRegex(errors, rf"\nno answer from rank {rank} on ")

    def test_a_rank_stopped_while_a_checkpoint_is_written_is_named_in_time(self):
        folder = os.path.join(self.alone.folder, "wide", "checkpoints")
        in_hdf5 = 0
        for i in range(4):
            run, pids = self.start("output.log_every=1", "model.width=256", "output.directory=wide", "output.checkpoint_every=1")
            while not any(name.endswith(".partial") for name in os.listdir(folder)):
                self.assertIsNone(run.poll())
            os.kill(pids[i % RANKS], signal.SIGSTOP)
            errors = self.hangs(run, time.monotonic())
            self.assertRegex(errors, rf"\n *{i % RANKS}  no answer")
            in_hdf5 += bool(re.search(r"  writing wide/checkpoints/step-\d+.h5 ", errors))
        self.assertGreater(in_hdf5, 0, "no rank was stopped while another was inside of HDF5")

    def test_time_that_no_rank_had_is_no_silence(self):
        stop = TIMEOUT + 2.5
        late = f"0F0:delay:step=2:rank=1:seconds={stop + 1}"  # for which rank 0 waits when it is stopped, and yet when it goes on
        run, pids = self.start("--fault", late, "train.steps=3", "output.log_every=1")
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(stop)
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
        self.assertEqual((run.wait(60), run.stderr.read()), (0, ""))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
