"""The rows of a timeline, one a rank: what timeline.py and overlay.py share."""
import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.patches import Patch, Rectangle
from matplotlib.transforms import ScaledTranslation

from style import INK

COLOURS = {
    "forward": "#5b8fd0", "backward": "#e39a4f", "input gradient": "#e9b872", "weight gradient": "#79b58b",
    "send": "#b06a9d", "wait for data": "#cfcfd8", "gradient sum": "#8a63a8", "optimizer": "#5a5a66", "idle": "#f0f0f3",
}
# A receive's event spans the wait for its data; the data itself moves while earlier actions run.
GROUPS = {"F": "forward", "B": "backward", "I": "input gradient", "W": "weight gradient", "SEND_F": "send", "SEND_B": "send",
          "RECV_F": "wait for data", "RECV_B": "wait for data", "REDUCE_GRAD": "gradient sum", "STEP": "optimizer"}
COMPUTE = ("F", "B", "I", "W")


def span_of(rows):
    """When the first action begins, and how long it is until the last ends."""
    start = min(events["begin"].min() for events in rows.values())
    return start, max(events["end"].max() for events in rows.values()) - start


def paler(colour, share):
    return tuple(part + (1 - part) * share for part in to_rgb(colour))


class Tracks:
    """Some steps of a run, drawn one rank below the other: thick rows for few ranks, thin ones for many."""

    def __init__(self, run, first, last, inches=9.0):
        self.run = run
        rows = {rank: run.events_of(rank, first, last) for rank in run.events}
        self.rows = {rank: events for rank, events in rows.items() if len(events)}
        self.height = float(np.clip(inches / max(1, len(self.rows)), 0.07, 0.42))  # inches of a row
        self.inches = self.height * len(self.rows)
        self.seen = {GROUPS[run.kinds[int(kind)]] for events in self.rows.values() for kind in np.unique(events["kind"])}

    def paleness(self, events):
        """By stage: the later a stage among those of its rank, the paler."""
        stages = np.unique(events["stage"])
        return {int(stage): 0.45 * place / max(1, len(stages) - 1) for place, stage in enumerate(stages)}

    def draw_rank(self, axes, place, events, start, inches_per_ms):
        """Every action lies upon the background, which is idle time."""
        boxes, colours, lengths = [], [], []
        pale = self.paleness(events)
        # Waits first, so that no sliver of one hides the computation that it ends at.
        for row in sorted(events, key=lambda row: self.run.kinds[int(row["kind"])] in COMPUTE):
            kind = self.run.kinds[int(row["kind"])]
            begin, end = 1e3 * (row["begin"] - start), 1e3 * (row["end"] - start)
            computes = kind in COMPUTE
            half = 0.43 if computes else 0.26
            boxes.append([(begin, place - half), (end, place - half), (end, place + half), (begin, place + half)])
            lengths += [end - begin] * computes
            colours.append(paler(COLOURS[GROUPS[kind]], pale[int(row["stage"])] if computes else 0))
            number = str(int(row["microbatch"]))
            if computes and self.height > 0.2 and (end - begin) * inches_per_ms > 0.08 * len(number) + 0.05:
                axes.text((begin + end) / 2, place, number, ha="center", va="center", fontsize=7.5, weight="bold",
                          color=INK if pale[int(row["stage"])] > 0.3 else "white", clip_on=True)
        wide = np.median(lengths or [0]) * inches_per_ms > 0.03
        axes.add_collection(PolyCollection(boxes, facecolors=colours, edgecolors="white", linewidths=0.4 if wide else 0))

    def name(self, rank, events):
        stages = [int(stage) for stage in np.unique(events["stage"])]
        return f"rank {rank}, stage{'s' * (len(stages) > 1)} {', '.join(map(str, stages))}"

    def draw(self, axes, length, width):
        """All ranks from their first action on; `length` is what the axis of time holds, `width` its inches."""
        start = span_of(self.rows)[0]
        axes.grid(False)
        for place, events in enumerate(self.rows.values()):
            axes.add_patch(Rectangle((0, place - 0.43), 1e3 * length, 0.86, color=COLOURS["idle"], linewidth=0))
            self.draw_rank(axes, place, events, start, 0.9 * width / (1e3 * length))
        axes.set_xlim(0, 1e3 * length)
        axes.set_ylim(len(self.rows) - 0.4, -0.6)
        every = 1 << max(0, int(np.ceil(np.log2(0.17 / self.height))))
        places = range(0, len(self.rows), every)
        named = list(self.rows.items())
        axes.set_yticks(places, [self.name(*named[place]) for place in places], color=INK)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)

    def unit(self):
        numbered = "; the number of the microbatch stands in each computation"
        return "milliseconds" + numbered * (self.height > 0.2)

    @staticmethod
    def legend(axes, seen, points=0):
        """Above the rows, and `points` higher."""
        patches = [Patch(color=colour, label=name) for name, colour in COLOURS.items() if name in seen | {"idle"}]
        axes.legend(handles=patches, loc="lower left", bbox_to_anchor=(-0.01, 1),
                    bbox_transform=axes.transAxes + ScaledTranslation(0, points / 72, axes.figure.dpi_scale_trans), ncol=len(patches), handlelength=1,
                    handleheight=1, columnspacing=1.2, borderaxespad=0.2, fontsize=8.5)
