#!/usr/bin/env python3
"""The templates of jobs/, in a real Slurm of this machine's own: templates.py HEDDLE. Exit code 77 where there is none."""
import os
import pathlib
import shutil
import sys
import tempfile
import unittest

import h5py
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
from cluster import Cluster, missing
from program import Program

HEDDLE = sys.argv[1]
JOBS = pathlib.Path(__file__).resolve().parents[2] / "jobs"
NODES = 2
DECK = ["deck.toml", "grid.data=2", "optimizer.decay=60", "output.checkpoint_every=20", "output.log_every=1"]
SLOW = "train.steps=100000"


class Templates(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="heddle-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.cluster = CLUSTER
        cls.cluster.environment.update(HEDDLE=HEDDLE, OMPI_MCA_btl="tcp,self", OMPI_MCA_btl_tcp_if_include="lo", OMPI_MCA_mpi_yield_when_idle="1")
        Program(HEDDLE, cls.folder, 1, []).prepare()

    def submit(self, template, run, *more, flags=("--nodes=2", "--ntasks-per-node=1")):
        return self.submit_words(template, run, *DECK, f"output.directory={run}", *more, flags=flags)

    def submit_words(self, template, log, *words, flags):
        return self.cluster.submit(*flags, f"--output={log}.log", str(JOBS / template), *words, folder=self.folder)

    def said(self, run):
        with open(os.path.join(self.folder, f"{run}.log"), errors="replace") as log:
            return log.read()

    def until(self, job, *states):
        self.cluster.wait_for(lambda: self.cluster.state(job).get("JobState") in states, f"job {job} to be {states}")
        return self.cluster.state(job)

    def next_turn(self, job):
        """Without the two minutes. A node refuses a job in the second in which it was told to end it."""
        self.assertEqual(self.until(job, "PENDING")["Restarts"], "1")
        self.cluster.run("scontrol", "update", f"jobid={job}", "StartTime=now+5")

    def until_said(self, run, text):
        def happened():
            return os.path.exists(os.path.join(self.folder, f"{run}.log")) and text in self.said(run)
        try:
            self.cluster.wait_for(happened, f"{run} to say {text}")
        except TimeoutError as late:
            raise TimeoutError(f"{late}\n--- it said:\n{self.said(run)}") from None

    def history(self, run):
        with h5py.File(os.path.join(self.folder, run, "run.h5"), "r", locking=False) as file:
            return file["steps"][:], len(file["legs"])

    def same_history(self, run):
        if not os.path.exists(os.path.join(self.folder, "quiet")):
            self.until(self.submit("cpu.sbatch", "quiet", "train.steps=60"), "COMPLETED")
        (mine, legs), (its, _) = self.history(run), self.history("quiet")
        self.assertEqual(mine["step"].tolist(), its["step"].tolist())
        self.assertTrue(np.array_equal(mine["loss"], its["loss"]))
        return legs

    def test_a_run_on_two_nodes(self):
        state = self.until(self.submit("cpu.sbatch", "two", "train.steps=60"), "COMPLETED", "FAILED")
        self.assertEqual((state["JobState"], state["NumNodes"]), ("COMPLETED", "2"), self.said("two"))
        self.assertEqual(self.same_history("two"), 1)

    def test_a_job_that_is_asked_to_stop_takes_another_turn(self):
        """As at the end of its time, or before preemption: by a signal. The second turn is held for two minutes, which is not waited for."""
        job = self.submit("cpu.sbatch", "asked", SLOW)
        self.until_said("asked", "\nstep 20: checkpoint")
        self.cluster.run("scancel", "--signal=USR1", job)
        self.until_said("asked", "go on with --restart")
        self.next_turn(job)
        self.until_said("asked", "goes on after step ")
        self.cluster.run("scancel", job)
        self.until(job, "CANCELLED")

    def test_a_job_that_is_requeued_by_others_goes_on(self):
        job = self.submit("cpu.sbatch", "requeued", "train.steps=60", "--fault", "0F0:delay:step=25:rank=1:seconds=3")
        self.until_said("requeued", "\nstep 20: checkpoint")
        self.cluster.run("scontrol", "requeue", job)
        self.next_turn(job)
        self.until(job, "COMPLETED")
        self.assertEqual(self.same_history("requeued"), 2)

    def test_a_preempted_job_gives_way_and_goes_on(self):
        job = self.submit("preemptible.sbatch", "preempted", "train.steps=60", "--fault", "0F0:delay:step=25:rank=1:seconds=8")
        self.until_said("preempted", "\nstep 20: checkpoint")
        urgent = self.cluster.submit("--partition=urgent", "--nodes=2", "--exclusive", "--output=urgent.log", "--wrap=sleep 1", folder=self.folder)
        self.until_said("preempted", "go on with --restart")
        self.until(urgent, "COMPLETED")
        self.next_turn(job)
        self.until(job, "COMPLETED")
        self.assertEqual(self.same_history("preempted"), 2)

    def test_an_array_sweeps_over_a_key(self):
        values = ["3e-3", "4e-3"]
        job = self.submit_words("array.sbatch", "sweep-%a", "deck.toml", "optimizer.rate", *values, "--", "grid.data=2", "train.steps=5",
                                flags=("--array=0-1", "--nodes=2", "--ntasks-per-node=1"))
        for i, value in enumerate(values):
            self.until(f"{job}_{i}", "COMPLETED")
            with h5py.File(os.path.join(self.folder, "runs", "deck", f"optimizer.rate={value}", "run.h5"), "r", locking=False) as file:
                self.assertEqual(file["steps"]["step"].tolist(), [1, 2, 3, 4, 5], self.said(f"sweep-{i}"))

    def test_a_job_of_an_array_that_is_asked_to_stop_goes_on_alone(self):
        """Also the one whose number is the array's."""
        job = self.submit_words("array.sbatch", "asked-%a", "deck.toml", "optimizer.rate", "1e-3", "2e-3", "--", *DECK[1:], "train.steps=60", "--fault",
                                "0F0:delay:step=25:rank=1:seconds=6", flags=("--array=0-1%1", "--nodes=2", "--ntasks-per-node=1"))
        self.until_said("asked-0", "\nstep 20: checkpoint")
        self.cluster.run("scancel", "--signal=USR1", f"{job}_0")
        self.until_said("asked-0", "go on with --restart")
        self.until(f"{job}_1", "COMPLETED")
        self.next_turn(f"{job}_0")
        self.until(f"{job}_0", "COMPLETED")
        self.assertEqual(self.cluster.state(f"{job}_1")["Restarts"], "0")

    def test_a_chain_outlives_its_first_job(self):
        job = self.submit("chain.sbatch", "chain", "train.steps=60", "--fault", "0F0:delay:step=25:rank=1:seconds=3")
        self.until_said("chain", "\nstep 20: checkpoint")
        self.cluster.run("scancel", "--signal=USR1", job)
        self.until(job, "FAILED")
        second = str(int(job) + 1)
        self.until(second, "COMPLETED")
        self.assertEqual(self.same_history("chain"), 2)
        self.assertEqual(self.cluster.run("squeue", "--noheader", "--name=heddle-chain"), "", "the last took its successor back")

    def test_scancel_leaves_a_checkpoint(self):
        job = self.submit("cpu.sbatch", "cancelled", SLOW)
        self.until_said("cancelled", "\nstep 20: checkpoint")
        self.cluster.run("scancel", job)
        self.until(job, "CANCELLED")
        self.until_said("cancelled", "go on with --restart")


def skip(why):
    print(f"templates.py: skipped: {why}", file=sys.stderr)
    sys.exit(77)


if __name__ == "__main__":
    if why := missing():
        skip(why)
    try:
        CLUSTER = Cluster(NODES)
    except (OSError, TimeoutError) as refused:
        skip(f"a Slurm of its own does not start here: {refused}")
    try:
        unittest.main(argv=sys.argv[:1], verbosity=2)
    finally:
        CLUSTER.stop()
