"""Reads Heddle's run files (docs/run_file.md): what the scripts of this folder share. A run is named by its folder, its run.h5 or one of
its checkpoints."""
import bisect
import os
import sys
from dataclasses import dataclass

from libraries import h5py, np


def text(value):
    return value.decode() if isinstance(value, bytes) else str(value)


class Steps:
    """The steps of a table's rows, which ascend: read one by one, so that halving finds some without the rest."""

    def __init__(self, table):
        self.table = table

    def __len__(self):
        return len(self.table)

    def __getitem__(self, row):
        return int(self.table[row]["step"])


@dataclass
class Run:
    path: str
    leg: str          # the newest leg's group
    grid: dict        # axis -> extent
    hosts: list       # one a rank
    messages: str     # who carries them: "by MPI", "by NCCL 2.28.3", "by CUDA IPC, since ..."
    build: dict
    finished: bool
    parameters: int
    flops_per_step: float
    steps: np.ndarray   # columns step, loss, validation_loss, rate, gradient_norm, tokens, seconds
    times: dict         # rank -> {"F": seconds in all steps, "SEND_B": ...}
    step_times: tuple   # how many steps those are, and their seconds from the first action of any rank to the last of any
    kinds: dict         # number -> "F", "SEND_B", ...
    memory: list        # (rank, region, bytes)
    deck: str

    def events(self, rank, first, last):
        """Rows of the steps `first` to `last`, with columns step, kind, stage, microbatch, slice, begin, end."""
        with open_file(self.path) as file:
            table = file[self.leg]["events"][str(rank)]
            return table[bisect.bisect_left(Steps(table), first):bisect.bisect_right(Steps(table), last)]

    def steps_with_events(self):
        with open_file(self.path) as file:
            columns = [table.fields("step")[:] for table in file[self.leg]["events"].values()]
        have = np.unique(np.concatenate(columns or [[]]).astype(int))
        if len(have) == 0:
            raise SystemExit(f"{self.path}: the run has no events (output.events was off, output.events_mib less than a step takes, or it was stopped early)")
        return have


def open_file(path):
    """A file whose writer is at work, or was killed while it wrote, opens only as for one writer and many readers."""
    try:
        return h5py.File(path, "r", locking=False)
    except OSError:
        return h5py.File(path, "r", swmr=True, locking=False)


def format_of(path):
    with open_file(path) as file:
        return text(file.attrs.get("format", ""))


def file_of(given):
    """run.h5 of the run that is named."""
    if os.path.isdir(given):
        return os.path.join(given, "run.h5")
    if os.path.isfile(given) and format_of(given) == "heddle checkpoint":
        return os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(given))), "run.h5")
    return given


def added_up(leg, kinds):
    """The times of schema 1, which has events of all steps."""
    times, begin, end = {}, {}, {}
    for rank, table in leg["events"].items():
        rows = table[:]
        seconds = rows["end"] - rows["begin"]
        times[int(rank)] = {word: float(seconds[rows["kind"] == number].sum()) for number, word in kinds.items()}
        for step in np.unique(rows["step"]):
            of_step = rows[rows["step"] == step]
            begin[step] = min(begin.get(step, np.inf), of_step["begin"].min())
            end[step] = max(end.get(step, -np.inf), of_step["end"].max())
    return times, (len(begin), float(sum(end[step] - begin[step] for step in begin)))


def stored(leg, kinds):
    """The times that the run added up itself."""
    times = {}
    for row in leg["times/actions"][:]:
        times.setdefault(int(row["rank"]), {})[kinds[int(row["kind"])]] = float(row["seconds"])
    steps = leg["times/steps"][0]
    return times, (int(steps["steps"]), float(steps["seconds"]))


def read(given):
    try:
        path = file_of(given)
        with open_file(path) as file:
            if text(file.attrs.get("format", "")) != "heddle run":
                sys.exit(f"{path}: this is no run file (its attribute `format` is not `heddle run`)")
            leg = max(file["legs"].values(), key=lambda group: int(group.name.split("/")[-1])) if "legs" in file else file["/"]
            kinds = {number: word for table in leg["events"].values()
                     for word, number in h5py.check_enum_dtype(table.dtype["kind"]).items()}
            times, step_times = (stored if "times" in leg else added_up)(leg, kinds)
            return Run(
                path=path,
                leg=leg.name,
                grid={axis: int(leg["grid"].attrs[axis]) for axis in text(leg["grid"].attrs["order"]).split()},
                hosts=[text(host) for host in leg["hosts"][:]],
                messages=text(leg["plan"].attrs.get("messages", "by MPI")),
                build={key: text(value) for key, value in leg["build"].attrs.items()},
                finished=bool(file.attrs["finished"]),
                parameters=int(file.attrs["parameters"]),
                flops_per_step=float(leg.attrs["flops_per_step"]),
                steps=file["steps"][:],
                times=times,
                step_times=step_times,
                kinds=kinds,
                memory=[(int(row["rank"]), text(row["region"]), int(row["bytes"])) for row in leg["plan/memory"][:]],
                deck=text(leg["deck/resolved"][()]),
            )
    except (OSError, KeyError) as error:
        sys.exit(f"{given}: cannot read the run file ({error})")
