#!/usr/bin/env python3
"""Draws a measured and a simulated step of the same deck under each other: overlay.py MEASURED.h5 SIMULATED.h5 -o overlay.png

Both begin with their first action and share one scale of time. Of the last 20 steps of the measured run the one of
median length is shown.
"""
import argparse

import numpy as np

import runfile
from style import INK, QUIET, plt, save
from tracks import COMPUTE, Tracks, span_of


def lengths(run):
    """Seconds from the first action of each step to its last."""
    return {int(step): span_of(Tracks(run, step, step).rows)[1] for step in run.steps_with_events()}


def median_step(run):
    settled = sorted(list(lengths(run).items())[-20:], key=lambda item: item[1])
    return settled[len(settled) // 2][0]


def bubble(tracks, length):
    """The share of a step in which the mean rank does not compute."""
    kinds = [number for number, word in tracks.run.kinds.items() if word in COMPUTE]
    busy = [np.sum((rows["end"] - rows["begin"])[np.isin(rows["kind"], kinds)]) for rows in tracks.rows.values()]
    return 1 - float(np.mean(busy)) / length


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("measured")
    parser.add_argument("simulated")
    parser.add_argument("--step", type=int, help="of the measured run (the one of median length)")
    parser.add_argument("--title", default="Measured and simulated")
    parser.add_argument("-o", "--output", default="overlay.png")
    arguments = parser.parse_args()
    measured, simulated = runfile.read(arguments.measured), runfile.read(arguments.simulated)
    step = arguments.step or median_step(measured)
    if step not in measured.steps_with_events():
        raise SystemExit(f"--step {step}: {measured.path} has no events of it")
    last = int(simulated.steps_with_events()[-1])
    halves = {f"measured, step {step}": Tracks(measured, step, step, inches=5.0),
              "simulated": Tracks(simulated, last, last, inches=5.0)}
    spans = {name: span_of(tracks.rows)[1] for name, tracks in halves.items()}
    longest = 1.01 * max(spans.values())

    heights = [tracks.inches + 0.25 for tracks in halves.values()]
    figure, panels = plt.subplots(2, 1, figsize=(11.0, 1.35 + sum(heights)), sharex=True, constrained_layout=True,
                                  gridspec_kw={"height_ratios": heights})
    for axes, (name, tracks) in zip(panels, halves.items()):
        tracks.draw(axes, longest, 11.0)
        axes.annotate(f"{name}: {1e3 * spans[name]:.1f} ms, bubble {100 * bubble(tracks, spans[name]):.1f} %", (0, 1),
                      xycoords="axes fraction", xytext=(0, 4), textcoords="offset points", color=INK, fontsize=9.5)
        for other in spans.values():
            axes.axvline(1e3 * other, color=QUIET, linewidth=0.8, linestyle=":")
    panels[0].set_title(arguments.title, pad=42)
    panels[1].set_xlabel(max(halves.values(), key=lambda tracks: tracks.height).unit())
    Tracks.legend(panels[0], seen=set.union(*(tracks.seen for tracks in halves.values())), points=16)
    save(figure, arguments.output)


if __name__ == "__main__":
    main()
