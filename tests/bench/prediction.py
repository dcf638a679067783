#!/usr/bin/env python3
"""Is a step as long as the simulator says? For each schedule on two ranks of this machine: `heddle bench` measures what its
actions cost, `heddle simulate` makes a step of them, `heddle run` takes it: prediction.py --heddle HEDDLE -o TABLE.md

Nothing else goes into the prediction. A measured step is the median of a run's last 20, from one row of run.h5 to the
next; its bubble is the share of it in which a rank does not compute. Every round does all of it for every schedule;
figures are medians over the rounds, and what they are off by is the median of each round's own. The last columns are of
the process that was measured: its steps without events, which took turns with those whose events made the prediction. `--update DOC` puts the table between the marks of a
document, `--pictures FOLDER` draws both timelines of every schedule under each other.
"""
import argparse
import json
import pathlib
import shlex
import statistics
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.append(str(ROOT / "analysis"))
import runfile  # noqa: E402
from side_by_side import heddle_state, processor, replaced  # noqa: E402

STEPS = 20
SCHEDULES = {"gpipe": [], "1f1b": [], "interleaved": ["pipeline.chunks=2"], "zb-h1": [],
             "zb-v": ["pipeline.chunks=2"]}
COMPUTE = ("F", "B", "I", "W")


@dataclass
class Result:
    measured: float    # seconds
    simulated: float
    bubble: float      # shares of the step
    predicted: float   # the bubble that the simulator sees
    in_turns: float    # seconds of the bench's own steps


def call(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def busy(run, step):
    """Seconds that the mean rank computes in a step."""
    seconds = []
    for rank in run.times:
        rows = run.events(rank, step, step)
        computes = np.isin(rows["kind"], [number for number, word in run.kinds.items() if word in COMPUTE])
        seconds.append(float(np.sum((rows["end"] - rows["begin"])[computes])))
    return statistics.mean(seconds)


def measured_step(path):
    """Median seconds and bubble of the last steps of a run."""
    run = runfile.read(path)
    seconds = np.diff(run.steps["seconds"])[-STEPS:]
    bubbles = [1 - busy(run, int(step)) / length for step, length in zip(run.steps["step"][-STEPS:], seconds)]
    return statistics.median(seconds.tolist()), statistics.median(bubbles)


def tried(schedule, options, tokens, folder, arguments):
    deck = [arguments.deck, f"pipeline.schedule={schedule}", *options, *arguments.set]
    launch = [*arguments.under, ROOT / "jobs" / "local.sh", "2", arguments.heddle]
    bench, simulated, run = (folder / f"{schedule}{end}" for end in (".json", ".simulated.h5", ""))
    call(*launch, "bench", *deck, "--steps", arguments.steps, "--json", bench)
    call(*launch, "run", *deck, f"data.tokens={tokens}", f"output.directory={run}", "--overwrite")
    found = json.loads(call(arguments.heddle, "simulate", *deck, f"cost.from={bench}", "--json", "-", "-o", simulated, "--overwrite"))
    seconds, bubble = measured_step(run / "run.h5")
    if arguments.pictures:
        call(sys.executable, ROOT / "analysis" / "overlay.py", run / "run.h5", simulated, "--title", schedule,
             "--heddle", arguments.heddle, "-o", pathlib.Path(arguments.pictures) / f"overlay_{schedule}.svg")
    return Result(seconds, found["step_s"], bubble, 1 - found["busy_s"] / found["step_s"],
                  json.loads(bench.read_text())["step_without_events_s"])


def table(results):
    rounds = len(next(iter(results.values())))
    lines = [f"{heddle_state()}, two ranks, tests/bench/prediction.toml, medians of {STEPS} steps, "
             f"{rounds} round{'s' * (rounds > 1)}; {processor()}.", "",
             "| schedule | run ms | simulated ms | off by | bubble of the run | simulated | points | same process ms | off by |",
             "|---|--:|--:|--:|--:|--:|--:|--:|--:|"]
    for schedule, rounds in results.items():
        def middle(value):
            return statistics.median(map(value, rounds))
        lines.append(f"| {schedule} | {1e3 * middle(lambda r: r.measured):.1f} | {1e3 * middle(lambda r: r.simulated):.1f} "
                     f"| {100 * middle(lambda r: r.simulated / r.measured - 1):+.1f} % "
                     f"| {100 * middle(lambda r: r.bubble):.1f} % | {100 * middle(lambda r: r.predicted):.1f} % "
                     f"| {100 * middle(lambda r: r.predicted - r.bubble):+.1f} "
                     f"| {1e3 * middle(lambda r: r.in_turns):.1f} | {100 * middle(lambda r: r.simulated / r.in_turns - 1):+.1f} % |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--heddle", required=True, help="the program")
    parser.add_argument("--deck", default=HERE / "prediction.toml")
    parser.add_argument("--only", nargs="+", default=list(SCHEDULES), choices=list(SCHEDULES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=8, help="of each kind that heddle bench times")
    parser.add_argument("--set", nargs="*", default=[], help="section.key=value for every command")
    parser.add_argument("--under", type=shlex.split, default=[], help="what each measurement is started under: 'taskset -c 0,1'")
    parser.add_argument("--pictures", metavar="FOLDER", help="for the overlays")
    parser.add_argument("--keep", metavar="FOLDER", help="where to leave the runs and measurements")
    parser.add_argument("--update", metavar="DOC", help="document to put the table into")
    parser.add_argument("--add", action="store_true", help="to the rounds that the figures beside the table hold")
    parser.add_argument("-o", "--output", required=True, help="the table; all figures go to the same name with .json")
    arguments = parser.parse_args()
    output = pathlib.Path(arguments.output)
    before = {}
    if arguments.add and output.with_suffix(".json").exists():
        kept = json.loads(output.with_suffix(".json").read_text())
        before = {name: [Result(**one) for one in rounds] for name, rounds in kept.items()}
    with tempfile.TemporaryDirectory(prefix="heddle-prediction-") as scratch:
        folder = pathlib.Path(arguments.keep or scratch)
        folder.mkdir(parents=True, exist_ok=True)
        text, tokens = folder / "text.txt", folder / "tokens.h5"
        text.write_text("".join(file.read_text() for file in sorted(ROOT.glob("src/*/*.cpp"))))
        call(arguments.heddle, "prepare", text, "-o", tokens)
        results = {schedule: before.get(schedule, []) for schedule in arguments.only}
        for turn in range(arguments.rounds):
            for schedule, options in SCHEDULES.items():
                if schedule not in results:
                    continue
                print(f"round {turn + 1}: {schedule}", file=sys.stderr)
                results[schedule].append(tried(schedule, options, tokens, folder, arguments))
        output.write_text(table(results))
        output.with_suffix(".json").write_text(json.dumps({name: [asdict(one) for one in rounds] for name, rounds in results.items()}))
    if arguments.update:
        document = pathlib.Path(arguments.update)
        document.write_text(replaced(document.read_text(), "prediction", table(results)))
    print(table(results), end="")


if __name__ == "__main__":
    main()
