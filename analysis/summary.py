#!/usr/bin/env python3
"""Tells a run in one page of text: speed, where the time went, memory: summary.py RUN"""
import argparse

import runfile
from libraries import np

COMPUTE = ("F", "B", "I", "W")


def speed(run):
    """Tokens a second between the first and the last step, so that the start-up does not count."""
    steps = run.steps
    if len(steps) < 2:
        return float("nan")
    return (steps["tokens"][-1] - steps["tokens"][0]) / (steps["seconds"][-1] - steps["seconds"][0])


def overview(run):
    steps = run.steps
    hosts = len(set(run.hosts))
    print(f"{run.path}: {'finished' if run.finished else 'not finished'}, heddle {run.build['version']} "
          f"({run.build['git_state']}, {run.build['compiler']}, {run.build['build_type']})")
    print(f"grid        {' x '.join(f'{axis} {extent}' for axis, extent in run.grid.items())}, "
          f"{len(run.hosts)} ranks on {hosts} host{'s' if hosts > 1 else ''}, messages {run.messages}")
    print(f"parameters  {run.parameters:,}")
    if len(steps) == 0:
        return
    print(f"steps       {len(steps):,}, {steps['tokens'][-1]:,} tokens in {steps['seconds'][-1]:.1f} s")
    seen = steps["validation_loss"][np.isfinite(steps["validation_loss"])]
    held_out = f", held out {seen[-1]:.4f} (best {seen.min():.4f})" if len(seen) else ""
    print(f"loss        {steps['loss'][0]:.4f} -> {steps['loss'][-1]:.4f}{held_out}")
    rate = speed(run)
    per_step = (steps["seconds"][-1] - steps["seconds"][0]) / max(1, len(steps) - 1)
    print(f"speed       {rate:,.0f} tokens/s, {1e3 * per_step:.1f} ms a step", end="")
    print(f", {run.flops_per_step / per_step / 1e9:,.1f} model GFLOP/s" if per_step > 0 else "")


def time_table(run):
    """A receive is the wait for its data, `idle` is time outside all actions, `bubble` the share of the step without F, B, I, W."""
    count, span = run.step_times
    if count == 0:
        return
    used = [word for word in run.kinds.values() if any(seconds[word] > 0 for seconds in run.times.values())]
    print("\ntime by kind of action, ms a step")
    print("rank  " + "".join(f"{word:>12}" for word in used) + f"{'idle':>12}{'step':>12}{'bubble':>9}")
    for rank, seconds in sorted(run.times.items()):
        computed = sum(seconds[word] for word in COMPUTE)
        cells = [seconds[word] for word in used] + [max(0.0, span - sum(seconds.values())), span]
        print(f"{rank:<6}" + "".join(f"{1e3 * cell / count:12.2f}" for cell in cells)
              + f"{100 * (1 - computed / span):8.1f}%")


def memory_table(run):
    if not run.memory:
        return
    regions = list(dict.fromkeys(region for _, region, _ in run.memory))
    ranks = sorted({rank for rank, _, _ in run.memory})
    print("\nmemory planned, MiB")
    widths = [max(8, len(region)) + 2 for region in regions]
    print("rank  " + "".join(f"{region:>{width}}" for region, width in zip(regions, widths)) + f"{'total':>10}")
    for rank in ranks:
        cells = [sum(size for r, name, size in run.memory if r == rank and name == region) / 2**20
                 for region in regions]
        print(f"{rank:<6}" + "".join(f"{cell:{width}.1f}" for cell, width in zip(cells, widths)) + f"{sum(cells):10.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run")
    run = runfile.read(parser.parse_args().run)
    overview(run)
    time_table(run)
    memory_table(run)


if __name__ == "__main__":
    main()
