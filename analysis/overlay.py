#!/usr/bin/env python3
"""Draws a measured and a simulated step of the same deck under each other.

    overlay.py MEASURED SIMULATED -o overlay.svg

`heddle timeline` draws; this chooses the step: of the last 20 of the measured run the one of median length.
"""
import argparse
import subprocess
import sys

import runfile
from output import add_output


def length(run, step):
    """Seconds from the first action of a step to its last."""
    rows = [events for events in (run.events(rank, step, step) for rank in run.times) if len(events)]
    return max(events["end"].max() for events in rows) - min(events["begin"].min() for events in rows)


def median_step(run):
    settled = sorted((length(run, step), step) for step in map(int, run.steps_with_events()[-20:]))
    return settled[len(settled) // 2][1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("measured")
    parser.add_argument("simulated")
    parser.add_argument("--step", type=int, help="of the measured run (the one of median length)")
    parser.add_argument("--title", default="Measured and simulated")
    parser.add_argument("--heddle", default="heddle", help="the program")
    add_output(parser, "overlay.svg")
    arguments = parser.parse_args()
    step = arguments.step or median_step(runfile.read(arguments.measured))
    last = runfile.read(arguments.simulated).steps_with_events()[-1]
    command = [arguments.heddle, "timeline", arguments.measured, arguments.simulated, "--steps", str(step),
               "--steps", str(last), "--title", arguments.title, "-o", arguments.output]
    if arguments.overwrite:
        command.append("--overwrite")
    sys.exit(subprocess.run(command).returncode)


if __name__ == "__main__":
    main()
