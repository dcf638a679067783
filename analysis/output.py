"""Where a script writes, and whether it may: as the commands of `heddle` do (include/heddle/base/output_path.hpp)."""
import os

MARK = "heddle picture"  # in every picture of ours


def add_output(parser, default):
    parser.add_argument("-o", "--output", default=default)
    parser.add_argument("--overwrite", action="store_true", help="replace an output that is there, whatever it is")


def demand_replaceable(path, overwrite):
    """Only what bears our mark, or is empty, is written over unasked."""
    if overwrite or not os.path.isfile(path) or os.path.getsize(path) == 0:
        return
    with open(path, "rb") as file:
        if MARK.encode() not in file.read(1 << 16):
            raise SystemExit(f"{path}: this file is there already (it is not of this command's making); "
                             "name another, or add --overwrite")
