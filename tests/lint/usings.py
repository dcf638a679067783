#!/usr/bin/env python3
"""Refuses `using some::name;` in a source that does not use the name: usings.py [ROOT].

clang-tidy sees that only where a source is compiled by itself. A header's are for those who include it.
"""
import pathlib
import re
import sys

FOLDERS = ("src", "tests")
USING = re.compile(r"^\s*using (?:\w+::)+(\w+);", re.MULTILINE)


def unused(text):
    """(line, name) of each."""
    words = re.findall(r"\w+", re.sub(r"//.*|#include.*", "", text))
    for match in USING.finditer(text):
        if words.count(match[1]) == 1:
            yield text.count("\n", 0, match.start(1)) + 1, match[1]


def check(root):
    files = [file for folder in FOLDERS for file in sorted((root / folder).rglob("*.cpp"))]
    return [f"{file.relative_to(root)}:{line}: {name} is not used" for file in files for line, name in unused(file.read_text())]


if __name__ == "__main__":
    offences = check(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "."))
    print("\n".join(offences) or "what is named by using is used")
    sys.exit(bool(offences))
