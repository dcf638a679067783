#!/usr/bin/env python3
"""How runs end whose processes are stopped or told to end from outside: stops.py HEDDLE MPIEXEC [FLAGS...]."""
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time
import unittest
import unittest.mock

from program import LAUNCHER_BOX, alive, alone_and_on

HEDDLE, LAUNCH = sys.argv[1], sys.argv[2:]
LOCAL = str(pathlib.Path(__file__).resolve().parents[2] / "jobs" / "local.sh")
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
        writing = 0
        for i in range(4):
            run, pids = self.start("output.log_every=1", "model.width=256", "output.directory=wide", "output.checkpoint_every=1",
                                   f"output.asynchronous={'true' if i // RANKS % 2 else 'false'}")
            while not any(name.endswith(".partial") for name in os.listdir(folder)):
                self.assertIsNone(run.poll())
            os.kill(pids[i % RANKS], signal.SIGSTOP)
            errors = self.hangs(run, time.monotonic())
            self.assertRegex(errors, rf"\n *{i % RANKS}  no answer")
            writing += bool(re.search(r"  writing wide/checkpoints/step-\d+.h5 ", errors))
        self.assertGreater(writing, 0, "no rank was stopped while another waited for a checkpoint")

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

    def last_words(self, run):
        run.wait(60)
        return re.findall(r"^heddle: rank (\d) is ended by (\w+): what came after the last checkpoint is lost$", run.stderr.read(), re.MULTILINE)

    def test_a_rank_that_a_signal_ends_says_so(self):
        run, pids = self.start()
        os.kill(pids[1], signal.SIGHUP)
        self.assertEqual(self.last_words(run)[0], ("1", "SIGHUP"))
        self.assertEqual(run.returncode, 128 + signal.SIGHUP)

    def stopped(self, run, said, reason):
        """The step after which a run has stopped, with a checkpoint and rows of all steps. `said` are the lines of ranks before."""
        threading.Thread(target=run.stdout.read).start()
        try:
            code = run.wait(60)
        except subprocess.TimeoutExpired:
            run.kill()
            self.fail(f"it does not stop: {run.stderr.read()}")
        errors = re.sub(r"^mpi\w+: Forwarding signal 10 to job\n", "", LAUNCHER_BOX.sub("", run.stderr.read()), flags=re.MULTILINE)
        self.assertEqual(code, 5, errors)
        *lines, last = errors.splitlines()
        self.assertEqual(lines, [f"heddle: rank {line}" for line in said])
        found = re.fullmatch(rf"stopped after step (\d+) of 1000000 \({reason}\); go on with --restart: (out/checkpoints/step-\d+.h5) is written", last)
        self.assertIsNotNone(found, errors)
        self.assertTrue(os.path.exists(os.path.join(self.alone.folder, found[2])))
        return int(found[1])

    def goes_on(self, done):
        code, output, errors = self.alone.run("run", "deck.toml", f"train.steps={done + 2}", "--restart")
        self.assertEqual((code, errors), (0, ""))
        self.assertIn(f"goes on after step {done} of {done + 2}", output)

    def test_a_signal_to_one_rank_stops_all(self):
        for number, ask in enumerate((signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2)):
            with self.subTest(ask.name):
                run, pids = self.start(f"optimizer.validate={'after' if number % 2 else 'before'}")
                os.kill(pids[1], ask)
                again = "; once more ends it at once" if ask == signal.SIGINT else ""
                self.goes_on(self.stopped(run, [f"1 has {ask.name}: the run stops after this step, with a checkpoint{again}"], f"{ask.name} on rank 1"))

    def test_a_launcher_that_tells_all_is_heard_once(self):
        run, _ = self.start()
        run.send_signal(signal.SIGUSR1)
        self.stopped(run, ["0 has SIGUSR1: the run stops after this step, with a checkpoint"], "SIGUSR1 on rank 0")

    def test_a_terminals_interrupt_stops_what_local_sh_started(self):
        run = subprocess.Popen([LOCAL, "2", HEDDLE, *LONG], cwd=self.alone.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                               text=True, start_new_session=True)
        self.assertTrue(any(line.startswith("step ") for line in run.stdout))
        os.killpg(run.pid, signal.SIGINT)
        self.stopped(run, ["0 has SIGUSR1: the run stops after this step, with a checkpoint"], "SIGUSR1 on rank 0")

    def test_a_second_interrupt_ends_it_at_once(self):
        run, pids = self.start("--fault", "0F0:delay:step=2:rank=1:seconds=30", "output.log_every=1", "comm.timeout=60")
        for _ in range(2):
            os.kill(pids[0], signal.SIGINT)
            time.sleep(0.5)
        self.assertEqual(self.last_words(run)[0], ("0", "SIGINT"))

    def test_a_signal_hurts_nothing_that_it_interrupts(self):
        """Kernels that a library compiles use the stack's register for other things. One rank is always at work."""
        for _ in range(12):
            run = self.alone.start("run", "deck.toml", "model.width=64", "train.steps=1000000", "output.events=false", "--overwrite")
            self.assertTrue(any(line.startswith("step ") for line in run.stdout))
            run.send_signal(signal.SIGUSR1)
            self.stopped(run, ["0 has SIGUSR1: the run stops after this step, with a checkpoint"], "SIGUSR1 on rank 0")

    def test_time_that_is_over_stops_a_run(self):
        run, _ = self.start("train.max_seconds=1.5")
        self.stopped(run, [], "train.max_seconds = 1.5")

    def test_the_end_of_a_job_stops_a_run(self):
        self.alone.write("bin/squeue", "#!/bin/sh\necho 0:05\n")  # of Slurm versions that do not tell their processes
        os.chmod(os.path.join(self.alone.folder, "bin/squeue"), 0o755)
        for told in ({"SLURM_JOB_END_TIME": str(int(time.time()) + 5)}, {"SLURM_JOB_END_TIME": "Unknown", "SLURM_JOB_ID": "7", "PATH": f"{self.alone.folder}/bin:{os.environ['PATH']}"}):
            # By `env`, since a launcher that was named with its folder puts this in front of a rank's PATH.
            command = [*self.pair.command[:-1], "env", *(f"{name}={value}" for name, value in told.items()), HEDDLE]
            with self.subTest(told), unittest.mock.patch.object(self.pair, "command", command):
                run, _ = self.start("train.reserve_seconds=3")
                self.stopped(run, [], "the job's time ends")

    def test_what_is_ignored_stays_so(self):
        with subprocess.Popen(["nohup", *self.alone.command, *LONG[:2], *LONG[3:]], cwd=self.alone.folder, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as run:
            self.assertTrue(any(line.startswith("step ") for line in run.stdout))
            run.send_signal(signal.SIGHUP)
            run.terminate()
            self.stopped(run, ["0 has SIGTERM: the run stops after this step, with a checkpoint"], "SIGTERM on rank 0")


class Local(unittest.TestCase):
    """jobs/local.sh, which starts ranks on one machine."""

    def start(self, program):
        return subprocess.Popen([LOCAL, "2", "bash", "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.PIPE, text=True)

    def ended(self, program):
        with self.start(program) as run:
            output, errors = run.communicate("what comes in\n", timeout=60)
        return run.returncode, output, errors

    def test_a_rank_that_is_killed_is_not_hidden(self):
        code, _, errors = self.ended("if [ $OMPI_COMM_WORLD_RANK = 1 ]; then kill -KILL $$; else sleep 100; fi")
        self.assertEqual(code, 137)
        self.assertEqual(errors, "jobs/local.sh: a rank was ended by SIGKILL (as the kernel does where memory runs out: see dmesg)\n")

    def test_an_exit_code_and_the_standard_streams_pass(self):
        self.assertEqual(self.ended("if [ $OMPI_COMM_WORLD_RANK = 0 ]; then cat; else sleep 5; fi; exit 3"), (3, "what comes in\n", ""))

    def test_a_signal_to_it_reaches_the_ranks(self):
        for end in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
            with self.subTest(end.name), self.start("echo $$; exec sleep 100") as run:
                pids = [int(run.stdout.readline()) for _ in range(2)]
                run.send_signal(end)
                last = time.monotonic() + 60
                while any(alive(pid) for pid in pids):
                    self.assertLess(time.monotonic(), last, pids)
                    time.sleep(0.05)
                run.wait(60)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
