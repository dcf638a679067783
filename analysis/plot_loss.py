#!/usr/bin/env python3
"""Draws a run's losses, learning rate and gradient norm: plot_loss.py RUN -o loss.png"""
import argparse

import numpy as np

import runfile
from output import add_output
from style import BLUE, GREEN, INK, ORANGE, PURPLE, QUIET, plt, save


def smoothed(values):
    """Mean over a window of 2 % of the run, so that the trend shows through the noise of single batches."""
    width = max(1, len(values) // 50)
    sums = np.convolve(values, np.ones(width), "same")
    return sums / np.convolve(np.ones(len(values)), np.ones(width), "same")


def losses(axes, steps):
    axes.plot(steps["step"], steps["loss"], color=BLUE, alpha=0.25, linewidth=0.8)
    axes.plot(steps["step"], smoothed(steps["loss"]), color=BLUE, linewidth=1.8, label="training")
    seen = steps[np.isfinite(steps["validation_loss"])]
    if len(seen):
        axes.plot(seen["step"], seen["validation_loss"], color=ORANGE, linewidth=1.4, marker="o", markersize=3.5,
                  label="held out")
        best = seen[np.argmin(seen["validation_loss"])]
        axes.annotate(f"{best['validation_loss']:.4f}", (best["step"], best["validation_loss"]), color=ORANGE,
                      xytext=(4, 9), textcoords="offset points", ha="right", weight="bold")
    axes.set_ylabel("loss (nats per token)")
    axes.legend(loc="upper right")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run")
    add_output(parser, "loss.png")
    arguments = parser.parse_args()
    run = runfile.read(arguments.run)
    if len(run.steps) == 0:
        raise SystemExit(f"{arguments.run}: the run has no steps yet")

    figure, axes = plt.subplot_mosaic([["loss", "loss"], ["rate", "norm"]], figsize=(8.4, 5.6),
                                      gridspec_kw={"height_ratios": [2.2, 1]}, constrained_layout=True)
    losses(axes["loss"], run.steps)
    grid = " × ".join(f"{axis} {extent}" for axis, extent in run.grid.items())
    axes["loss"].set_title(f"Loss of {run.parameters / 1e6:.1f} M parameters")
    axes["loss"].text(1, 1.02, grid, transform=axes["loss"].transAxes, ha="right", va="bottom", color=QUIET)
    axes["rate"].plot(run.steps["step"], run.steps["rate"], color=GREEN, linewidth=1.6)
    axes["rate"].set_title("learning rate", weight="normal", color=INK)
    axes["rate"].set_ylim(bottom=0)
    axes["rate"].yaxis.set_major_formatter("{x:g}")
    axes["norm"].plot(run.steps["step"], run.steps["gradient_norm"], color=PURPLE, alpha=0.25, linewidth=0.8)
    axes["norm"].plot(run.steps["step"], smoothed(run.steps["gradient_norm"]), color=PURPLE, linewidth=1.6)
    axes["norm"].set_title("gradient norm", weight="normal", color=INK)
    axes["norm"].set_ylim(bottom=0)
    for panel in axes.values():
        panel.set_xlabel("step")
        panel.margins(x=0.01)
    save(figure, arguments)


if __name__ == "__main__":
    main()
