#!/usr/bin/env python3
"""What users met at the edges of the program - files, folders, launchers, words - each the smallest of its kind: the command, what it did
(at revision 980510c), and what it does. Prints the table: cases.py HEDDLE MPIEXEC [FLAGS...]."""
import collections
import os
import re
import subprocess
import sys
import unittest

from program import PATIENCE, TEXT, alone_and_on, mounted

HEDDLE, LAUNCH = sys.argv[1], sys.argv[2:]
ANALYSIS = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../analysis"))
TINY = """\
[model]
layers = 2
heads = 2
width = 32
context = 32
vocabulary = 256
[data]
tokens = "tiny.h5"
[train]
steps = 20
batch = 8
evaluate_windows = 16
[optimizer]
rate = 1e-3
final_rate = 1e-4
warmup = 0
[output]
log_every = 5
"""

# `does` is a pattern of all that is printed; `needs_disk` mounts a tmpfs of so many KiB at ./disk.
Case = collections.namedtuple("Case", "what did command code does needs_disk", defaults=(None,))
FULL = r"No space left on device"
CASES = [
    # Files
    Case("a checkpoint on a full disk, two ranks", "blocked until comm.timeout, code 4 for a healthy rank",
         "$L 2 $H run tiny.toml grid.data=2 output.directory=disk/run output.checkpoint_every=5 comm.timeout=5", 1,
         rf"step 5: no checkpoint: .*{FULL}.*(?s:.*)step-000020.h5: cannot write it \({FULL}\)", 300),
    Case("run.h5 on a full disk, two ranks", "no end, no table",
         "$L 2 $H run tiny.toml grid.data=2 model.width=16 train.steps=4000 output.log_every=4000 output.directory=disk/run", 1,
         rf"disk/run/\S+: cannot write it \({FULL}\)", 700),
    Case("two runs in one folder at once", "rows of both mixed, code 0",
         "$H run tiny.toml train.steps=4000 output.directory=twice >/dev/null & sleep 1; $H run tiny.toml output.directory=twice; code=$?; kill %1; exit $code",
         2, r"twice/run.lock: another run is at work in this folder \(process \d+"),
    Case("a run where an earlier one left its results", "the first run.h5 was gone without a word",
         "$H run tiny.toml output.directory=kept >/dev/null && $H run tiny.toml output.directory=kept optimizer.rate=5e-3", 2,
         r"kept: an earlier run left its results .*another output.directory, or --overwrite"),
    Case("tokens written over their text", "the text was gone", "$H prepare text.txt -o text.txt", 2, r"text.txt"),
    Case("an output that is a link", "the link was replaced by a file",
         "touch real.h5; ln -s real.h5 link.h5; $H prepare text.txt -o link.h5 && test -L link.h5 && test -s real.h5", 0, r"tokens"),
    Case("JSON to a device", "the device was replaced by a file", "$H simulate plan.toml --json /dev/stdout", 0, r'"makespan_s"'),
    Case("a stray file among checkpoints", "generate refused all",
         "$H run tiny.toml output.directory=stray >/dev/null && echo x >stray/checkpoints/notes.h5 && $H generate stray --tokens 5", 0,
         r"passed over: stray/checkpoints/notes.h5"),
    Case("what check prints, read again", "cannot parse, line 75", "$H check tiny.toml >full.toml && $H check full.toml", 0, r"parameters"),
    Case("a text with a byte-order mark", "a character of its own, silently", r"printf '\xef\xbb\xbfabc' >mark.txt && $H prepare mark.txt -o mark.h5", 0,
         r"(?i)byte-order mark"),
    Case("events of a long run", "60 GB for 600,000 steps",
         "$L 2 $H run tiny.toml grid.pipeline=2 pipeline.microbatches=8 model.width=8 train.steps=1500 output.log_every=1500 output.events_mib=1 "
         "output.directory=long >/dev/null && test $(stat -c %s long/run.h5) -lt 2000000 && echo bounded", 0, r"bounded"),
    # Runs
    Case("a tied table that is transmitted, fp64, with a checkpoint", "internal contract broken, the training lost",
         "$L 2 $H run tiny.toml grid.pipeline=2 pipeline.tied=transmit train.precision=fp64 train.steps=2 output.directory=tied", 0,
         r"checkpoint tied/checkpoints/step-000002.h5"),
    Case("rank 0 stopped in training", "code 4 after comm.timeout + 6.1 s",
         "$L 2 $H run tiny.toml grid.data=2 train.steps=1000000 comm.timeout=3 output.directory=stopped >/dev/null & sleep 3; "
         "kill -STOP $(pgrep -P $! -f '[r]un tiny.toml' | head -1); begin=$(date +%s); wait $!; code=$?; test $(($(date +%s) - begin)) -lt 8 && exit $code", 4,
         r"0 +no answer \(stopped or dead\)"),
    Case("all ranks stopped for 5 s, comm.timeout = 3", "killed as a hang",
         "$L 2 $H run tiny.toml grid.data=2 train.steps=3000 output.log_every=3000 comm.timeout=3 output.directory=paused & sleep 2; "
         "ranks=$(pgrep -P $! -f '[r]un tiny.toml'); kill -STOP $ranks; sleep 5; kill -CONT $ranks; wait $!", 0, r"step 3000/3000"),
    Case("SIGTERM", "died at once, nothing said",
         "$H run tiny.toml train.steps=1000000 output.directory=term >/dev/null & sleep 2; kill $!; wait $!", 5, r"SIGTERM"),
    Case("four processes of one step that MPI does not join", "four runs in one folder",
         "SLURM_PROCID=0 SLURM_STEP_NUM_TASKS=4 $H run tiny.toml output.directory=four", 2, r"srun --mpi=pmix"),
    Case("prepare in a process that Slurm calls the second", "nothing done, code 0", "SLURM_PROCID=1 $H prepare text.txt -o slurm.h5", 0, r"slurm.h5: \d+ tokens"),
    Case("a full standard output", "code 0", "$H schedule plan.toml --format csv >/dev/full", 1, FULL),
    Case("epsilon = 1e-50 in fp32", "NaN in the checkpoint, code 0", "$H run tiny.toml optimizer.epsilon=1e-50 output.directory=nan", 2,
         r"optimizer.epsilon = 1e-50 .*fp32"),
    Case("few held-out windows, batches of 8, 9, 10", "5.5401, 5.5408, 5.5414 of the same weights",
         "for batch in 8 9 10; do $H run tiny.toml train.batch=$batch optimizer.rate=1e-30 optimizer.final_rate=1e-31 train.steps=1 data.held_out=0.006 "
         "output.directory=few-$batch | grep -o 'validation loss.*'; done | sort | uniq -c | grep ' 3 '", 0, r" 3 validation loss \d\.\d+ of \d+ windows"),
    Case("wsd without decay", "silently constant", "$H check tiny.toml optimizer.schedule=wsd", 2, r"wsd.*decay"),
    Case("decay of a constant rate", "silently ignored",
         "$H check tiny.toml optimizer.schedule=constant optimizer.decay=5 optimizer.final_rate=", 2, r"optimizer.decay = 5 does nothing"),
    # Words
    Case("output.directory=07", "cannot parse floating-point", "$H run tiny.toml output.directory=07 && ls 07/run.h5", 0, r"07/run.h5"),
    Case("output.directory=~/x", "a folder called ~", "HOME=$PWD/home $H run tiny.toml output.directory=~/x && ls home/x/run.h5", 0, r"home/x/run.h5"),
    Case("a missing tokens file", "no such file", "$H run tiny.toml data.tokens=absent.h5", 2, r"data.tokens.*absent.h5.*heddle prepare"),
    Case("chunks = 3, layers = 2", "try grid.pipeline = 1, which it was",
         "$H check tiny.toml pipeline.schedule=interleaved pipeline.chunks=3", 2, r"try model.layers = 3"),
    Case("rows of a file with 3 and 2 stages", "every rank holds as many",
         "printf '0F0,1F0,2F0,2B0,1B0,0B0\\n3F0,4F0,4B0,3B0\\n' >rows.csv; $H schedule plan.toml pipeline.ranks=2 pipeline.microbatches=1 pipeline.schedule=file:rows.csv",
         0, r"4F0"),
    Case("rows of a spreadsheet: byte-order mark, semicolons, quotes, an empty line", "refused",
         "printf '\\xef\\xbb\\xbf\"0F0\";\"0B0\"\\r\\n\"1F0\";\"1B0\"\\r\\n\\r\\n' >sheet.csv; "
         "$H schedule plan.toml pipeline.ranks=2 pipeline.microbatches=1 pipeline.schedule=file:sheet.csv", 0, r"1  \.  F0 B0"),
    Case("heddle chekc", "no such command", "$H chekc tiny.toml", 2, r"check"),
    Case("heddle version", "unknown", "$H version", 0, r"heddle \d"),
    Case("heddle help model.width", "unknown", "$H help model.width", 0, r"model.width"),
    Case("a reader of a summary that leaves", "a traceback",
         "$H run tiny.toml output.directory=piped >/dev/null && $PYTHON $ANALYSIS/summary.py piped | head -1; test ${PIPESTATUS[0]} -ne 99", 0,
         r"\A[^\n]*finished[^\n]*\n\Z"),
]


class Cases(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.alone, _ = alone_and_on(1, HEDDLE, LAUNCH, cls)
        cls.alone.write("tiny.toml", TINY)
        cls.alone.write("plan.toml", "[pipeline]\nranks = 4\nmicrobatches = 8\n")
        cls.alone.write("text.txt", TEXT * 4)
        cls.alone.write("disk/empty", "")
        code, _, errors = cls.alone.run("prepare", "text.txt", "-o", "tiny.h5")
        assert code == 0, errors

    def has_disk(self, kib):
        """A disk of so many KiB, if this process may have one."""
        disk = os.path.join(self.alone.folder, "disk")
        if not mounted(disk, kib):
            return False
        self.addCleanup(subprocess.run, ["umount", disk])
        return True

    def run_case(self, case):
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "H": HEDDLE, "L": " ".join([*LAUNCH, "-n"]), "ANALYSIS": ANALYSIS,
                       "PYTHON": sys.executable}
        done = subprocess.run(["bash", "-c", case.command], cwd=self.alone.folder, env=environment, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=120 * PATIENCE)
        return done.returncode, done.stdout.decode(errors="replace")

    def test_cases(self):
        rows = []
        for case in CASES:
            with self.subTest(case.what):
                if case.needs_disk and not self.has_disk(case.needs_disk):
                    rows.append((case, "not tried: a small tmpfs cannot be mounted here"))
                    continue
                code, said = self.run_case(case)
                found = re.search(case.does, said, re.MULTILINE)
                rows.append((case, f"code {code}: {found[0].splitlines()[0].strip() if found else 'NOT WHAT IS MEANT'}"))
                self.assertIsNotNone(found, said)
                self.assertEqual(code, case.code, said)
                self.doCleanups()
        print("| case | command | before | now |\n|---|---|---|---|")
        for case, now in rows:
            print("| " + " | ".join(word.replace("|", r"\|") for word in (case.what, f"`{case.command}`", case.did, now)) + " |")
        if any("not tried" in now for _, now in rows):
            print("cases.py: some cases were not tried, for want of a tmpfs", file=sys.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
