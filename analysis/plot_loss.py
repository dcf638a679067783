#!/usr/bin/env python3
"""Draws a run's losses, learning rate and gradient norm: plot_loss.py RUN -o loss.png"""
import argparse

import runfile
from libraries import np
from output import add_output
from style import BLUE, GREEN, INK, ORANGE, PURPLE, QUIET, RED, plt, save

FEW = 20  # steps that are points, since a line of one is none


def smoothed(values):
    """Mean over a window of 2 % of the run, so that the trend shows through the noise of single batches. At both ends the window
    shrinks to its middle: the curve begins at the first loss. What is no finite number does not count."""
    finite = np.isfinite(values)
    sums, counts = (np.concatenate([[0.0], np.cumsum(of)]) for of in (np.where(finite, values, 0), finite))
    place = np.arange(len(values))
    half = np.minimum(max(1, len(values) // 50) // 2, np.minimum(place, place[::-1]))
    first, end = place - half, place + half + 1
    counted = counts[end] - counts[first]
    return np.where(counted > 0, (sums[end] - sums[first]) / np.maximum(counted, 1), np.nan)


def curve(axes, steps, column, colour, label=None):
    """Every step pale, the trend over it."""
    values = np.where(np.isfinite(steps[column]), steps[column], np.nan)
    axes.plot(steps["step"], values, color=colour, alpha=0.25, linewidth=0.8)
    axes.plot(steps["step"], smoothed(values), color=colour, linewidth=1.8, label=label, **points(steps))


def points(steps):
    return {"marker": "o", "markersize": 3.5} if len(steps) <= FEW else {}


def tell_divergence(axes, steps):
    """Where there is no number to draw, the step is said."""
    lost = steps[~np.isfinite(steps["loss"])]
    if len(lost) == 0:
        return
    axes.axvline(lost["step"][0], color=RED, linewidth=1, linestyle="--")
    axes.text(0.5, 0.94, f"step {lost['step'][0]}: the loss is {lost['loss'][0]:g}, training has diverged", color=RED,
              transform=axes.transAxes, ha="center", va="top", weight="bold")


def losses(axes, steps):
    curve(axes, steps, "loss", BLUE, "training")
    seen = steps[np.isfinite(steps["validation_loss"])]
    if len(seen):
        axes.plot(seen["step"], seen["validation_loss"], color=ORANGE, linewidth=1.4, marker="o", markersize=3.5,
                  label="held out")
        best = seen[np.argmin(seen["validation_loss"])]
        axes.annotate(f"{best['validation_loss']:.4f}", (best["step"], best["validation_loss"]), color=ORANGE,
                      xytext=(4, 9), textcoords="offset points", ha="right", weight="bold")
    tell_divergence(axes, steps)
    axes.set_ylabel("loss (nats per token)")
    axes.legend(loc="upper right")


def size(parameters):
    return f"{parameters / 1e6:.1f} M" if parameters >= 1e6 else f"{parameters:,}"


def show_steps(axes, steps):
    """Whole steps only, and as many as there are: of one step the axis is no wider than its neighbours."""
    first, last = steps["step"][0], steps["step"][-1]
    room = 1 if first == last else 0.01 * (last - first)
    axes.set_xlim(first - room, last + room)
    axes.xaxis.set_major_locator(plt.MaxNLocator("auto", integer=True))
    axes.set_xlabel("step")


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
    axes["loss"].set_title(f"Loss of {size(run.parameters)} parameters")
    axes["loss"].text(1, 1.02, grid, transform=axes["loss"].transAxes, ha="right", va="bottom", color=QUIET)
    axes["rate"].plot(run.steps["step"], run.steps["rate"], color=GREEN, linewidth=1.6, **points(run.steps))
    axes["rate"].set_title("learning rate", weight="normal", color=INK)
    axes["rate"].set_ylim(bottom=0)
    axes["rate"].yaxis.set_major_formatter("{x:g}")
    curve(axes["norm"], run.steps, "gradient_norm", PURPLE)
    axes["norm"].set_title("gradient norm", weight="normal", color=INK)
    axes["norm"].set_ylim(bottom=0)
    for panel in axes.values():
        show_steps(panel, run.steps)
    save(figure, arguments)


if __name__ == "__main__":
    main()
