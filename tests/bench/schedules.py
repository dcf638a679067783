#!/usr/bin/env python3
"""Every pipeline schedule on two ranks, in turns with torch.distributed.pipelining: schedules.py --heddle HEDDLE -o TABLE.md

Each round trains the same model on the same number of random tokens once with every schedule of Heddle's, and with GPipe and 1F1B of
PyTorch where a script is given that knows `--mode pp` (--peer). The bubble is of the events of a step: 1 - busy / longest span.
"""
import argparse
import json
import pathlib
import statistics
import sys

import side_by_side
from side_by_side import Case, Mode, Shape

MICROBATCHES = 8
SHAPE = Shape("6 x 384, 8 x 256", "small.toml", [], [], steps=2)
ONE, SEVERAL = 1, 2  # stages a rank
SCHEDULES = {"gpipe": ONE, "1f1b": ONE, "looped-bfs": SEVERAL, "interleaved": SEVERAL, "zb-h1": ONE, "zb-h2": ONE, "zb-auto": ONE,
             "interleaved-zb": SEVERAL, "zb-v": SEVERAL, "v-half": SEVERAL, "v-min": SEVERAL, "dualpipev": SEVERAL, "dynamic": ONE}
PEERS = ("gpipe", "1f1b")


def mode(schedule):
    grid = ["grid.pipeline=2", f"pipeline.microbatches={MICROBATCHES}", f"pipeline.schedule={schedule}",
            f"pipeline.chunks={SCHEDULES[schedule]}"]
    return Mode(schedule, 2, ["--mode", "pp", "--microbatches", str(MICROBATCHES), "--schedule", schedule], grid, own=False)


def speed(runs):
    return statistics.median(run["tokens_per_s"] for run in runs)


def over(case, others):
    """The median of the rounds' own ratios."""
    return statistics.median(mine["tokens_per_s"] / other["tokens_per_s"] for mine, other in zip(case.heddle, others))


def row(case, peers):
    cells = [f"`{case.mode.name}`", str(SCHEDULES[case.mode.name]), f"{speed(case.heddle):.0f}"]
    cells += [f"{over(case, peer.torch):.2f}" for peer in peers]
    cells += [f"{max(run['peak'] for run in case.heddle) / side_by_side.MIB:.0f}"]
    return "| " + " | ".join(cells) + " |"


def table(cases):
    peers = [case for case in cases if case.torch]
    lines = [f"{side_by_side.heddle_state()}, {SHAPE.name}, {MICROBATCHES} microbatches on two ranks, fp32, a thread a rank, "
             f"{len(cases[0].heddle)} rounds; {side_by_side.processor()}.", ""]
    if peers:
        torch = ", ".join(f"{case.mode.name} {speed(case.torch):.0f} tokens/s and "
                          f"{max(run['peak'] for run in case.torch) / side_by_side.MIB:.0f} MiB" for case in peers)
        lines += [f"{peers[0].torch[0]['peer']}, torch.distributed.pipelining: {torch}.", ""]
    head = ["schedule", "stages a rank", "tokens/s", *(f"over PyTorch's {case.mode.name}" for case in peers), "MiB"]
    lines += ["| " + " | ".join(head) + " |", "|---|" + "--:|" * (len(head) - 1)]
    return "\n".join(lines + [row(case, peers) for case in cases]) + "\n"


def arguments_of_the_command_line():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--heddle", required=True, help="the program")
    parser.add_argument("--python", nargs="+", default=[sys.executable], help="the first of these that has torch is taken")
    parser.add_argument("--peer", help="a script with torch_gpt2.py's command line that knows --mode pp; none: Heddle alone")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--update", metavar="DOC", help="document to put the table into")
    parser.add_argument("-o", "--output", required=True, help="the table; all figures go to the same name with .json")
    return parser.parse_args()


def main():
    arguments = arguments_of_the_command_line()
    arguments.under = []
    if arguments.peer:
        arguments.python = side_by_side.with_torch(arguments.python)
    cases = [Case(SHAPE, mode(schedule)) for schedule in SCHEDULES]
    for turn in range(arguments.rounds):
        for case in cases:
            print(f"round {turn + 1}: {case.mode.name}", file=sys.stderr)
            case.heddle.append(side_by_side.run_heddle(case, arguments))
            if arguments.peer and case.mode.name in PEERS:
                case.torch.append(side_by_side.run_torch(case, arguments))
    output = pathlib.Path(arguments.output)
    output.write_text(table(cases))
    output.with_suffix(".json").write_text(json.dumps(
        [{"schedule": case.mode.name, "heddle": case.heddle, "torch": case.torch} for case in cases], indent=1))
    if arguments.update:
        document = pathlib.Path(arguments.update)
        document.write_text(side_by_side.replaced(document.read_text(), "schedules", table(cases)))
    print(table(cases), end="")


if __name__ == "__main__":
    main()
