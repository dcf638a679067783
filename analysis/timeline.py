#!/usr/bin/env python3
"""Draws what every rank did when, and where it waited: timeline.py RUN.h5 [--steps a:b] -o timeline.png"""
import argparse

import numpy as np
from matplotlib.collections import PatchCollection
from matplotlib.patches import Patch, Rectangle

import runfile
from style import INK, QUIET, plt, save

COLOURS = {
    "forward": "#5b8fd0", "backward": "#e39a4f", "input gradient": "#e9b872", "weight gradient": "#79b58b",
    "send": "#b06a9d", "wait for data": "#cfcfd8", "gradient sum": "#8a63a8", "optimizer": "#5a5a66", "idle": "#f0f0f3",
}
# A receive's event spans the wait for its data; the data itself moves while earlier actions run.
GROUPS = {"F": "forward", "B": "backward", "I": "input gradient", "W": "weight gradient", "SEND_F": "send", "SEND_B": "send",
          "RECV_F": "wait for data", "RECV_B": "wait for data", "REDUCE_GRAD": "gradient sum", "STEP": "optimizer"}


def chosen_steps(run, words):
    """`a:b`, `a` or nothing: the last three steps that have events."""
    have = np.unique(np.concatenate([rows["step"] for rows in run.events.values()] or [[]]).astype(int))
    if len(have) == 0:
        raise SystemExit(f"{run.path}: the run has no events (output.events was off, or it was stopped early)")
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


def draw_rank(axes, place, rows, run, start, inches_per_second):
    """One rank's row: every action lies upon the background, which is idle time."""
    boxes, colours = [], []
    for row in rows:
        kind = run.kinds[int(row["kind"])]
        begin, length = 1e3 * (row["begin"] - start), 1e3 * (row["end"] - row["begin"])
        computes = kind in ("F", "B", "I", "W")
        height = 0.8 if computes else 0.5
        boxes.append(Rectangle((begin, place - height / 2), length, height))
        colours.append(COLOURS[GROUPS[kind]])
        if computes and (row["end"] - row["begin"]) * inches_per_second > 0.1:
            axes.text(begin + length / 2, place, str(int(row["microbatch"])), ha="center", va="center", color="white",
                      fontsize=7.5, weight="bold", clip_on=True)
    axes.add_collection(PatchCollection(boxes, facecolors=colours, edgecolors="white", linewidths=0.4))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run")
    parser.add_argument("--steps", help="a:b, both included (the last three)")
    parser.add_argument("-o", "--output", default="timeline.png")
    arguments = parser.parse_args()
    run = runfile.read(arguments.run)
    first, last = chosen_steps(run, arguments.steps)
    rows = {rank: run.events_of(rank, first, last) for rank in run.events}
    rows = {rank: events for rank, events in rows.items() if len(events)}
    start = min(events["begin"].min() for events in rows.values())
    length = max(events["end"].max() for events in rows.values()) - start

    width = 11.0
    figure, axes = plt.subplots(figsize=(width, 1.3 + 0.42 * len(rows)), constrained_layout=True)
    axes.grid(False)
    seen = set()
    for place, (rank, events) in enumerate(rows.items()):
        axes.add_patch(Rectangle((0, place - 0.4), 1e3 * length, 0.8, color=COLOURS["idle"], linewidth=0))
        draw_rank(axes, place, events, run, start, 0.9 * width / length)
        seen |= {GROUPS[run.kinds[int(kind)]] for kind in np.unique(events["kind"])}
    axes.set_xlim(0, 1e3 * length)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks(range(len(rows)), [f"rank {rank}, stage {events['stage'][0]}" for rank, events in rows.items()], color=INK)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("milliseconds; the number of the microbatch stands in each forward and backward")
    axes.spines["left"].set_visible(False)
    span = f"step {first}" if first == last else f"steps {first} to {last}"
    axes.set_title(f"Who did what when, {span}", pad=26)
    axes.text(1, 1, " × ".join(f"{axis} {extent}" for axis, extent in run.grid.items()), transform=axes.transAxes,
              ha="right", va="bottom", color=QUIET)
    legend = [Patch(color=colour, label=name) for name, colour in COLOURS.items() if name in seen | {"idle"}]
    axes.legend(handles=legend, loc="lower left", bbox_to_anchor=(-0.01, 0.97), ncol=len(legend), handlelength=1,
                handleheight=1, columnspacing=1.2, borderaxespad=0.2, fontsize=8.5)
    save(figure, arguments.output)


if __name__ == "__main__":
    main()
