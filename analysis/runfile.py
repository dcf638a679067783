"""Reads Heddle's run files (docs/run_file.md): what the scripts of this folder share."""
import sys
from dataclasses import dataclass

import h5py
import numpy as np


def text(value):
    return value.decode() if isinstance(value, bytes) else str(value)


@dataclass
class Run:
    path: str
    grid: dict        # axis -> extent
    hosts: list       # one a rank
    messages: str     # who carries them: "by MPI", "by NCCL 2.28.3", "by CUDA IPC, since ..."
    build: dict
    finished: bool
    parameters: int
    flops_per_step: float
    steps: np.ndarray   # columns step, loss, validation_loss, rate, gradient_norm, tokens, seconds
    events: dict        # rank -> rows with columns step, kind, stage, microbatch, slice, begin, end
    kinds: dict         # number -> "F", "SEND_B", ...
    memory: list        # (rank, region, bytes)
    deck: str

    def steps_with_events(self):
        have = np.unique(np.concatenate([rows["step"] for rows in self.events.values()] or [[]]).astype(int))
        if len(have) == 0:
            raise SystemExit(f"{self.path}: the run has no events (output.events was off, or it was stopped early)")
        return have

    def events_of(self, rank, first, last):
        rows = self.events[rank]
        return rows[(rows["step"] >= first) & (rows["step"] <= last)]


def open_file(path):
    """A file whose writer is at work, or was killed while it wrote, opens only as for one writer and many readers."""
    try:
        return h5py.File(path, "r", locking=False)
    except OSError:
        return h5py.File(path, "r", swmr=True, locking=False)


def read(path):
    try:
        with open_file(path) as file:
            if text(file.attrs.get("format", "")) != "heddle run":
                sys.exit(f"{path}: this is no run file (its attribute `format` is not `heddle run`)")
            events = {int(rank): rows[:] for rank, rows in file["events"].items()}
            kinds = {}
            for rows in file["events"].values():
                kinds = {number: word for word, number in h5py.check_enum_dtype(rows.dtype["kind"]).items()}
            return Run(
                path=path,
                grid={axis: int(file["grid"].attrs[axis]) for axis in text(file["grid"].attrs["order"]).split()},
                hosts=[text(host) for host in file["hosts"][:]],
                messages=text(file["plan"].attrs.get("messages", "by MPI")),
                build={key: text(value) for key, value in file["build"].attrs.items()},
                finished=bool(file.attrs["finished"]),
                parameters=int(file.attrs["parameters"]),
                flops_per_step=float(file.attrs["flops_per_step"]),
                steps=file["steps"][:],
                events=dict(sorted(events.items())),
                kinds=kinds,
                memory=[(int(row["rank"]), text(row["region"]), int(row["bytes"])) for row in file["plan/memory"][:]],
                deck=text(file["deck/resolved"][()]),
            )
    except (OSError, KeyError) as error:
        sys.exit(f"{path}: cannot read the run file ({error})")
