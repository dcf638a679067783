"""One look for all figures: few lines, quiet colours, words where the eye is."""
import os

from libraries import load
from output import MARK, demand_replaceable

load("matplotlib").use("Agg")
plt = load("matplotlib.pyplot")

INK, QUIET, GRID = "#2b2b33", "#7a7a85", "#e6e6ea"
BLUE, ORANGE, GREEN, PURPLE, RED = "#3b6fb6", "#e0813c", "#4c9f70", "#8a63a8", "#c2514e"
COLOURS = [BLUE, ORANGE, GREEN, PURPLE, RED, "#2f9fa8", "#9c8a3a"]

plt.rcParams.update({
    "font.family": "DejaVu Sans", "font.size": 9.5, "text.color": INK,
    "axes.edgecolor": QUIET, "axes.labelcolor": INK, "axes.titlesize": 11, "axes.titleweight": "bold",
    "axes.titlelocation": "left", "axes.spines.top": False, "axes.spines.right": False, "axes.linewidth": 0.8,
    "axes.grid": True, "axes.axisbelow": True, "grid.color": GRID, "grid.linewidth": 0.8,
    "xtick.color": QUIET, "ytick.color": QUIET, "legend.frameon": False, "figure.dpi": 100, "savefig.dpi": 160,
})


MARK_GOES_TO = {".png": "Software", ".svg": "Creator", ".pdf": "Creator"}


def save(figure, arguments):
    path = arguments.output
    demand_replaceable(path, arguments.overwrite)
    place = MARK_GOES_TO.get(os.path.splitext(path)[1])
    try:
        figure.savefig(path, bbox_inches="tight", facecolor="white", metadata={place: MARK} if place else None)
    except (OSError, ValueError) as error:
        raise SystemExit(f"{path}: cannot write the figure ({error})")
    print(path)
