#!/usr/bin/env python3
"""Writes the files of this folder anew with torch.distributed.pipelining (PyTorch 2.15): rows of its schedules with their
clocks, the same with sends and receives, and how many lock-step steps it counts. Needs no ranks, only PyTorch."""
import copy
import pathlib

from torch.distributed.pipelining import schedules
from torch.distributed.pipelining._utils import generate_stage_to_rank_mapping

FOLDER = pathlib.Path(__file__).parent
# PyTorch's name, Heddle's, and ranks, chunks and microbatches
CASES = [
    ("GPipe", "gpipe", 4, 1, 6),
    ("Interleaved1F1B", "interleaved", 4, 2, 8),
    ("Interleaved1F1B", "interleaved", 4, 2, 10),
    ("InterleavedZeroBubble", "interleaved-zb", 3, 2, 6),
    ("ZBVZeroBubble", "zb-v", 4, 2, 9),
    ("ZBVZeroBubble", "zb-v", 4, 2, 3),
    ("DualPipeV", "dualpipev", 4, 2, 10),
]


def rows_of(name, ranks, chunks, microbatches):
    """What the class lays out, asked of an instance that has no stages."""
    cls = schedules.get_schedule_class(name)
    made = cls.__new__(cls)
    made.pp_group_size, made.n_local_stages, made._n_microbatches = ranks, chunks, microbatches
    made._stages = [None] * chunks
    made.num_stages = made._num_stages = ranks * chunks
    made.number_of_rounds = max(1, microbatches // ranks)
    made.microbatches_per_round = microbatches // made.number_of_rounds
    if name == "GPipe":
        order = made._get_pipeline_order()
        return {rank: [a for a in row if a is None or a.is_compute_op] for rank, row in order.items()}
    return {rank: made._calculate_single_rank_operations(rank) for rank in range(ranks)}


def written(rows):
    return "".join(",".join("" if a is None else str(a) for a in rows[rank]) + "\n" for rank in sorted(rows))


def apart(row):
    """Overlapped actions one after the other."""
    return [a for cell in row for a in (cell.sub_actions if cell is not None and cell.sub_actions else [cell])]


def main():
    index = []
    for name, ours, ranks, chunks, microbatches in CASES:
        rows = rows_of(name, ranks, chunks, microbatches)
        style = "v" if name in ("ZBVZeroBubble", "DualPipeV") else "loop"
        rank_of = generate_stage_to_rank_mapping(ranks, ranks * chunks, style=style)
        lowered = schedules._add_send_recv(copy.deepcopy({r: apart(row) for r, row in rows.items()}),
                                           lambda stage, rank_of=rank_of: rank_of[stage], ranks * chunks)
        simulated = schedules._simulate_comms_compute(lowered, lambda stage, rank_of=rank_of: rank_of[stage],
                                                      ranks * chunks)
        file = f"{ours}_{ranks}_{chunks}_{microbatches}"
        (FOLDER / f"{file}.csv").write_text(written(rows))
        (FOLDER / f"{file}_communication.csv").write_text(written(lowered))
        index.append(f"{ours} {ranks} {chunks} {microbatches} {max(map(len, simulated.values()))}\n")
    (FOLDER / "index.txt").write_text("".join(index))


if __name__ == "__main__":
    main()
