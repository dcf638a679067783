#!/usr/bin/env python3
"""Draws what several runs lose beside the first one: compare_losses.py FIRST OTHER [...] -o losses.png
A run is named after its folder."""
import argparse
import pathlib

import runfile
from libraries import np
from output import add_output
from plot_loss import smoothed
from style import COLOURS, INK, QUIET, plt, save


def name_of(run):
    return pathlib.Path(run.path).resolve().parent.name


def evaluated(run):
    return run.steps[np.isfinite(run.steps["validation_loss"])]


def curves(axes, runs):
    for run, colour in zip(runs, COLOURS):
        axes.plot(run.steps["step"], smoothed(run.steps["loss"]), color=colour, linewidth=1.4)
    axes.set_title("training loss (nats per token)")


def differences(axes, runs):
    """Of the held-out losses, in per cent of the first run's at the same step."""
    first = {row["step"]: row["validation_loss"] for row in evaluated(runs[0])}
    axes.axhline(0, color=COLOURS[0], linewidth=1.4, label=name_of(runs[0]))
    for run, colour in list(zip(runs, COLOURS))[1:]:
        both = [row for row in evaluated(run) if row["step"] in first]
        if not both:
            raise SystemExit(f"{run.path}: no step was evaluated in it and in {runs[0].path}")
        per_cent = [100 * (row["validation_loss"] / first[row["step"]] - 1) for row in both]
        axes.plot([row["step"] for row in both], per_cent, color=colour, linewidth=1.2, marker="o", markersize=3,
                  label=f"{name_of(run)}: {per_cent[-1]:+.2f} % at the end")
    last = evaluated(runs[0])[-1]
    axes.set_title(f"held-out loss against {name_of(runs[0])}'s, which ends at {last['validation_loss']:.4f} (%)")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", metavar="RUN")
    add_output(parser, "losses.png")
    arguments = parser.parse_args()
    if not 2 <= len(arguments.runs) <= len(COLOURS):
        parser.error(f"2 to {len(COLOURS)} runs can be told apart")
    runs = [runfile.read(path) for path in arguments.runs]
    for run in runs:
        if len(evaluated(run)) == 0:
            raise SystemExit(f"{run.path}: the run has no held-out losses (train.evaluate_every)")

    figure, (left, right) = plt.subplots(1, 2, figsize=(10.5, 4.2), constrained_layout=True)
    curves(left, runs)
    differences(right, runs)
    for panel in (left, right):
        panel.set_xlabel("step", color=INK)
        panel.margins(x=0.01)
        panel.tick_params(colors=QUIET)
    save(figure, arguments)


if __name__ == "__main__":
    main()
