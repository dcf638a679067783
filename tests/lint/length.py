#!/usr/bin/env python3
"""Refuses source files that are too long to be one idea: length.py [ROOT].

Data that tests compare with has other endings.
"""
import pathlib
import sys

MOST = 300
FOLDERS = ("analysis", "cmake", "include", "inputs", "jobs", "src", "tests")
ENDINGS = {".cpp", ".hpp", ".py", ".sh", ".cmake"}
NAMES = {"CMakeLists.txt"}


def check(root):
    """A line for each file that has too many."""
    files = [file for folder in FOLDERS for file in sorted((root / folder).rglob("*")) if file.is_file()]
    code = [file for file in files if file.suffix in ENDINGS or file.name in NAMES]
    lengths = {file: len(file.read_text().splitlines()) for file in code}
    return [f"{file.relative_to(root)}:{MOST + 1}: {lines} lines, more than {MOST}"
            for file, lines in lengths.items() if lines > MOST]


if __name__ == "__main__":
    offences = check(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "."))
    print("\n".join(offences) or f"no file has more than {MOST} lines")
    sys.exit(bool(offences))
