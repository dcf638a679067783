#!/usr/bin/env python3
"""Every mistake gets its message, once and at its place, and its exit code.

    bad_input.py HEDDLE RANKS MPIEXEC [FLAGS...]

In the messages expected here, `...` stands for any text."""
import os
import re
import shlex
import shutil
import sys
import tempfile
import unittest

from bad_decks import DECKS, OVERRIDES, Case, command, override
from program import DECK, TEXT, Program

HEDDLE, RANKS, LAUNCH = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
# The last layer norm keeps its first weights, 16 times 1.0, by which they are found in the checkpoint.
STAND_STILL = "optimizer.rate=1e-30 optimizer.final_rate=1e-30"
ONES = b"\0\0\x80\x3f" * 16

FILES = [
    override("grid.data={ranks} data.tokens=none/absent.h5",
             'command line: data.tokens=none/absent.h5: data.tokens = "none/absent.h5" is not there (looked for in .../none, as relative paths '
             "start at the working folder); make it with `heddle prepare TEXT -o none/absent.h5`"),
    override("data.tokens=~nobody/x.h5", "command line: data.tokens=~nobody/x.h5: ... is in another user's home ..."),
] + [
    override(f"grid.data={{ranks}} data.tokens={name}", f"{name}: {message}")
    for name, message in [
        ("folder", "this is a directory"),
        ("text.txt", "cannot open it as an HDF5 file ..."),
        ("truncated.h5", "cannot open it as an HDF5 file ..."),
        ("trained/run.h5", "this is no token file ..."),
    ]
] + [
    Case("run good.toml grid.data={ranks} data.tokens=flipped.h5", ["flipped.h5: cannot read tokens ..."]),
    override("grid.data={ranks} output.directory=text.txt/out",
             "text.txt/out: cannot make this folder (Not a directory)"),
    override("grid.data={ranks} output.directory=/proc/heddle", "/proc/heddle: cannot make this folder ..."),
    override("grid.data={ranks} output.directory=blocked", "blocked/checkpoints: cannot make this folder ..."),
    command("run absent.toml", "absent.toml: cannot find the deck (looked for in ..., as relative paths start at the working folder) ..."),
    command("run folder", "folder: this is a directory ..."),
    command("check absent.toml", "absent.toml: cannot find the deck ..."),
    command("check good.toml grid.tensor=3", "good.toml:3:1: model.heads = 2 is not a multiple of grid.tensor = 3 ..."),
]

COMMANDS = [
    command("", "command line: run, check, schedule, simulate, bench, timeline, prepare, generate, inspect or diff is required; see heddle --help"),
    command("weave good.toml", "command line: heddle has no command weave; see heddle --help"),
    command("chekc good.toml", "command line: heddle has no command chekc; did you mean check?"),
    command("help model.widht", "command line: help model.widht: no command, section or key of a deck; did you mean model.width?"),
    command("--verbose run good.toml", "command line: ... not expected: ...--verbose...; see heddle run --help"),
    command("run", "command line: DECK is required; see heddle run --help"),
    command("run good.toml --frob", "command line: ... not expected: --frob; see heddle run --help"),
    command("check", "command line: DECK is required; see heddle check --help"),
    command("bench", "command line: DECK or --machine is required; see heddle bench --help"),
    command("schedule", "command line: DECK is required; see heddle schedule --help"),
    command("schedule good.toml --format gif", "command line: --format: gif not in {{...}}; see heddle schedule --help"),
    command("schedule good.toml pipeline.schedule=1f2b",
            'command line: pipeline.schedule=1f2b: ... is not a choice ...; did you mean "1f1b"?'),
    command("schedule good.toml pipeline.chunks=2",
            'command line: pipeline.chunks=2: pipeline.chunks = 2 does not fit the schedule "1f1b" ...; try pipeline.chunks = 1'),
    command("schedule good.toml pipeline.ranks=4 pipeline.schedule=dualpipev pipeline.chunks=2",
            "good.toml: pipeline.microbatches = 1 is too few for dualpipev on 4 ranks ...; try pipeline.microbatches = 8"),
    command("schedule good.toml pipeline.ranks=4 pipeline.microbatches=8 pipeline.memory_limit=3",
            "command line: pipeline.memory_limit=3: rank 0, action 3 0F3 is over the memory limit ..."),
    command("schedule good.toml pipeline.schedule=file:absent.csv", "command line: pipeline.schedule=file:absent.csv: absent.csv: cannot find the schedule (looked for in ...); make one with `heddle schedule DECK --format csv -o absent.csv`"),
    command("schedule good.toml pipeline.schedule=file:tokens.h5", "tokens.h5: row 1, column 1: ... is not an action ..."),
    command("schedule good.toml pipeline.schedule=file:circle.csv",
            "circle.csv: rank 0, action 1 0B0 can never start (it waits for 1B0); compare ..."),
    command("run good.toml grid.data={ranks} pipeline.schedule=file:circle.csv",
            "circle.csv: rank 0, action 1 0B0 can never start (it waits for 1B0); compare ..."),
    command("schedule good.toml pipeline.schedule=file:two.csv pipeline.microbatches=3",
            "command line: pipeline.microbatches=3: pipeline.microbatches = 3 does not fit file:two.csv ..."),
    command("schedule good.toml pipeline.schedule=file:folder", "folder: cannot read the schedule (it is a directory) ..."),
    command("schedule good.toml pipeline.schedule=file:early.csv",
            "early.csv: rank 0, action 2 0REDUCE_GRAD can never start (it waits for 0B1, which comes later ...); compare ..."),
    command("schedule good.toml pipeline.schedule=file:two.csv grid.pipeline=3",
            "command line: grid.pipeline=3: grid.pipeline = 3 does not fit file:two.csv ...; try grid.pipeline = 2"),
    command("schedule good.toml pipeline.schedule=file:two.csv pipeline.chunks=1",
            "command line: pipeline.chunks=1: pipeline.chunks = 1 does not fit file:two.csv ...; leave pipeline.chunks out, or try pipeline.chunks = 0"),
    command("schedule good.toml pipeline.schedule=file:swapped.csv",
            "swapped.csv: rank 0, action 0 0F0.1 can never start (it waits for 0F0); compare ..."),
    command("check good.toml pipeline.schedule=file:idle.csv",
            "command line: pipeline.schedule=file:idle.csv: file:idle.csv gives rank 1 no stage ..."),
    command("check good.toml pipeline.schedule=file:sliced.csv",
            "command line: pipeline.schedule=file:sliced.csv: file:sliced.csv has 0F0.1, a token slice ..."),
    command("check good.toml cost.from=bench.json",
            "bench.json: cost.forward has 2 numbers (there are 1 stages); give 1, or try cost.forward = 1"),
    command("schedule good.toml --format svg", "command line: --format svg has no file; add -o FILE"),
    command("schedule good.toml --format png -o a.png",
            "command line: --format: pictures are SVG: give svg; see heddle schedule --help"),
    command("simulate good.toml --png a.png",
            "command line: --png: pictures are SVG: give --svg FILE; see heddle simulate --help"),
    command("timeline folder/file -o a.svg", "folder/file: ..."),
    command("timeline good.toml --steps 1 --steps 2 -o a.svg",
            "command line: --steps is given 2 times (there are 1 run files); give it once for each"),
    command("simulate", "command line: DECK is required; see heddle simulate --help"),
    command("simulate good.toml cost.forward=[1,2,3]",
            "command line: cost.forward=[1,2,3]: cost.forward has 3 numbers (there are 1 stages); give 1, or try cost.forward = 1"),
    command("simulate good.toml cost.from=absent.json",
            "command line: cost.from=absent.json: cannot open absent.json, a measurement (No such file or directory, looked for in ...) ..."),
    command("simulate good.toml cost.forward=1e308",
            "command line: cost.forward=1e308: cost.forward = 1e+308 is out of range ...; give ... at most ..."),
    command("simulate good.toml cost.from=folder",
            "command line: cost.from=folder: cannot open folder, a measurement (it is a directory) ..."),
    command("simulate good.toml cost.machine=folder",
            "command line: cost.machine=folder: cannot open folder, a machine (it is a directory) ..."),
    command("simulate good.toml cost.from=three.json",
            'command line: cost.from=three.json: three.json holds no costs (its member "cost" is no object) ...'),
    command("simulate good.toml --json folder", "folder: cannot write here (it is a directory) ..."),
    command("bench good.toml --steps 0", "command line: --steps: ... see heddle bench --help"),
    command("bench good.toml --json", "command line: --json: ... see heddle bench --help"),
    command("bench good.toml grid.data=3 train.batch=9",
            "command line: grid.data=3: ... = 3 is not the number of ranks, {ranks} ..."),
    command("bench good.toml grid.data={ranks} --json folder", "folder: cannot write here (it is a directory) ..."),
    command("bench --machine folder", "folder: cannot write here (it is a directory) ..."),
    command("bench --machine good.toml", "good.toml: this file is there already ...; name another, or add --overwrite"),
    command("bench --machine", "command line: --machine: ... see heddle bench --help"),
    command("bench good.toml grid.data=3 train.batch=9 --machine new.toml",
            "command line: grid.data=3: ... = 3 is not the number of ranks, {ranks} ..."),
    command("bench absent.toml --machine new.toml", "absent.toml: cannot find the deck ..."),
    command("prepare text.txt", "command line: --output is required; see heddle prepare --help"),
    command("prepare text.txt -o x.h5 --tokenizer word",
            "command line: --tokenizer: word not in {{byte,char}}; see heddle prepare --help"),
    command("prepare absent.txt -o x.h5", "absent.txt: cannot read the text (No such file or directory)"),
    command("prepare folder -o x.h5", "folder: cannot read the text (it is a directory) ..."),
    command("prepare empty.txt -o x.h5", "empty.txt: the text is empty"),
    command("prepare text.txt -o text.txt/x.h5", "text.txt: cannot make this folder (Not a directory)"),
    command("prepare text.txt -o folder", "folder: cannot write here (it is a directory) ..."),
    command("prepare text.txt -o /proc/x.h5", "/proc/x.h5: cannot write here ..."),
    command("prepare latin1.txt -o x.h5 --tokenizer char", "latin1.txt: invalid UTF-8 at byte 3 ..."),
    command("generate", "command line: RUN is required; see heddle generate --help"),
    command("generate absent", "absent: no such file or folder; give a run's folder, its run.h5 or one of its checkpoints"),
    command("generate folder", "folder/run.h5: no such file"),
    command("generate tokens.h5", "tokens.h5: this is no run file ..."),
    command("generate text.txt", "text.txt: cannot open it as an HDF5 file ..."),
    command("generate cut_short", "cut_short/run.h5: cannot open it as an HDF5 file ..."),
    command("generate unfinished", "unfinished/checkpoints: no checkpoint of the run unfinished/run.h5 (a run writes one at its end) ..."),
    command("generate trained --tokens -1", "command line: --tokens: ... see heddle generate --help"),
    command(f"generate trained --tokens {10**20}", "command line: --tokens: ... see heddle generate --help"),
    command("generate trained --temperature warm", "command line: --temperature: ... see heddle generate --help"),
    command("generate trained --temperature nan", "--temperature is not a number; give 0 or more"),
    command("generate trained --prompt ''", "the prompt is empty; give at least one character"),
] + ([
    command("generate half", "half/checkpoints: no checkpoint of the run half/run.h5 (half/checkpoints/step-000002.h5: cannot open it as an HDF5 file ..."),
    command("generate damaged", "damaged/checkpoints: no checkpoint of the run damaged/run.h5 (damaged/checkpoints/step-000002.h5: cannot read parameters/..."),
] if RANKS == 1 else [
    command("generate trained", "heddle generate was started as {ranks} processes (it writes with one) ..."),
])


def pattern(message):
    words = message.format(ranks=RANKS) if "{" in message else message
    return ".*".join(re.escape(part.strip()) for part in re.split(r" ?\.\.\. ?", words)) + "$"


class BadInput(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="heddle-bad-input-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.program = Program(HEDDLE, cls.folder, RANKS, LAUNCH)
        cls.make_files()

    @classmethod
    def make_files(cls):
        here, alone = cls.program, Program(HEDDLE, cls.folder, 1, [])
        for name, content in [("good.toml", DECK), ("text.txt", TEXT), ("empty.txt", ""),
                              ("circle.csv", "0F0,0B0,1F0,1B0\n"), ("two.csv", "0F0,0B0\n1F0,1B0\n"),
                              ("early.csv", "0F0,0B0,0REDUCE_GRAD,0F1,0B1,0STEP\n"), ("sliced.csv", "0F0,0F0.1,0B0.1,0B0\n"),
                              ("swapped.csv", "0F0.1,0F0,0B0.1,0B0\n"), ("idle.csv", "0F0,0B0\n,\n"),
                              ("three.json", '{"cost": 3}'),
                              ("bench.json", '{"cost": {"forward": [1, 2]}}'), ("folder/file", ""),
                              ("latin1.txt", b"caf\xe9 au lait"), ("blocked/checkpoints", "not a folder")]:
            here.write(name, content)
        for arguments in ["prepare text.txt -o tokens.h5", f"run good.toml output.directory=trained {STAND_STILL}"]:
            code, output, errors = alone.run(*arguments.split())
            assert code == 0, output + errors

        tokens, run = here.read("tokens.h5"), here.read("trained/run.h5")
        saved = here.read("trained/checkpoints/step-000002.h5")
        here.write("truncated.h5", tokens[: len(tokens) // 2])
        here.write("flipped.h5", flip(tokens, tokens.index(TEXT.encode())))
        here.write("cut_short/run.h5", run[: len(run) // 2])
        for name, content in [("half", saved[: len(saved) // 2]), ("damaged", flip(saved, saved.index(ONES)))]:
            here.write(f"{name}/run.h5", run)
            here.write(f"{name}/checkpoints/step-000002.h5", content)
        here.write("unfinished/run.h5", run)

    def test_cases(self):
        cases = DECKS + OVERRIDES + FILES + COMMANDS
        for case in cases:
            with self.subTest(str(case)):
                self.check(case)
        print(f"{len(cases)} cases on {RANKS} rank(s)")

    def check(self, case):
        self.program.write("bad.toml", case.deck)
        arguments = [word.replace("{ranks}", str(RANKS)) for word in shlex.split(case.arguments)]
        code, _, errors = self.program.run(*arguments)
        lines = [one for one in errors.splitlines() if one]
        self.assertEqual(len(lines), len(case.messages), errors)
        for message, one in zip(case.messages, lines):
            self.assertRegex(one, pattern(message))
        self.assertEqual(code, case.code, errors)


def flip(content, at):
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
