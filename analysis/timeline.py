#!/usr/bin/env python3
"""Draws what every rank did when, and where it waited: timeline.py RUN.h5 [--steps a:b] -o timeline.png"""
import argparse

import numpy as np

import runfile
from style import QUIET, plt, save
from tracks import Tracks, span_of


def chosen_steps(run, words):
    """`a:b`, `a` or nothing: the last three steps that have events."""
    have = run.steps_with_events()
    if words is None:
        return int(have[-min(3, len(have))]), int(have[-1])
    try:
        first, _, last = words.partition(":")
        first, last = int(first), int(last or first)
    except ValueError:
        raise SystemExit(f"--steps {words}: not of the form a:b")
    if not np.any((have >= first) & (have <= last)):
        raise SystemExit(f"--steps {words}: {run.path} has events of the steps {have[0]} to {have[-1]}")
    return first, last


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run")
    parser.add_argument("--steps", help="a:b, both included (the last three)")
    parser.add_argument("-o", "--output", default="timeline.png")
    arguments = parser.parse_args()
    run = runfile.read(arguments.run)
    first, last = chosen_steps(run, arguments.steps)
    tracks = Tracks(run, first, last)
    length = span_of(tracks.rows)[1]

    figure, axes = plt.subplots(figsize=(11.0, 1.3 + tracks.inches), constrained_layout=True)
    tracks.draw(axes, length, 11.0)
    axes.set_xlabel(tracks.unit())
    span = f"step {first}" if first == last else f"steps {first} to {last}"
    axes.set_title(f"Who did what when, {span}", pad=26)
    axes.text(1, 1, " × ".join(f"{axis} {extent}" for axis, extent in run.grid.items()), transform=axes.transAxes,
              ha="right", va="bottom", color=QUIET)
    tracks.legend(axes, seen=tracks.seen)
    save(figure, arguments.output)


if __name__ == "__main__":
    main()
