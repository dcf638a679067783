#!/usr/bin/env python3
"""Refuses what ARCHITECTURE.md and docs/design name in `backticks` and the sources do not have: names.py [ROOT].

A path exists: below the root, include/heddle, src or tests, or, a file's name alone, anywhere there. The parts of a
symbol - Type, module::function, Type::member, some_name, f(...) - stand together in one source file. A key of a deck
stands in the generated reference, or between quotes in a source. Words with a blank and examples (<name>, *) are left
alone, and so are fenced blocks.
"""
import pathlib
import re
import sys

SOURCES = ("include", "src", "tests", "cmake")
CODE = {".cpp", ".hpp", ".py", ".sh", ".cmake"}
MADE = ("build/", "runs/", "data/")  # by the program, not kept
PATH = re.compile(r"[\w.{},-]*(/[\w.{},-]*)*")
SYMBOL = re.compile(r"((?:\w+::)*[A-Za-z_]\w*)(?:\(.*\))?")


def named(text):
    """(line, word) of each word in backticks."""
    blank = lambda block: re.sub(r"[^\n]", " ", block[0])
    text = re.sub(r"^```.*?^```", blank, text, flags=re.MULTILINE | re.DOTALL)
    for match in re.finditer(r"`([^`\n]+)`", text):
        yield text.count("\n", 0, match.start()) + 1, match[1]


def expanded(path):
    """src/{a,b}.cpp is two paths."""
    braces = re.search(r"\{([^}]*)\}", path)
    if not braces:
        return [path]
    before, after = path[:braces.start()], path[braces.end():]
    return [one for part in braces[1].split(",") for one in expanded(before + part + after)]


class Sources:
    def __init__(self, root):
        self.root = root
        files = [file for folder in SOURCES for file in (root / folder).rglob("*") if file.is_file()]
        self.files = {file.name for file in files}
        texts = [file.read_text(errors="replace") for file in files if file.suffix in CODE]
        self.words = [set(re.findall(r"\w+", text)) for text in texts]
        reference = root / "docs" / "deck_reference.md"
        self.keys, section = set(), ""
        for line in reference.read_text().splitlines() if reference.exists() else []:
            if match := re.fullmatch(r"## \[(\w+)\]", line):
                section = match[1]
            elif match := re.match(r"\| `(\w+)` \|", line):
                self.keys.add(f"{section}.{match[1]}")
        self.keys.update(word for text in texts for word in re.findall(r'"([a-z]+\.\w+)"', text))
        self.sections = {key.split(".")[0] for key in self.keys}

    def has_path(self, path):
        return any((self.root / top / path).exists() for top in ("", "include/heddle", "src", "tests"))

    def is_path(self, word):
        if not PATH.fullmatch(word) or word.startswith(MADE):
            return False
        if "/" in word:
            return pathlib.PurePath(word).suffix in CODE or (self.root / word.split("/")[0]).is_dir()
        return pathlib.PurePath(word).suffix in CODE

    def lacks(self, word):
        """Why this word is refused, or None."""
        if re.search(r"[ <>*$=\"']", word.split("(")[0]):
            return None
        if self.is_path(word):
            missing = [one for one in expanded(word) if not (self.has_path(one) if "/" in one else one in self.files)]
            return f"there is no {', '.join(missing)}" if missing else None
        if re.fullmatch(r"[a-z]+\.\w+", word) and word.split(".")[0] in self.sections:
            return None if word in self.keys else "no key of a deck"
        match = SYMBOL.fullmatch(word)
        if not match or not re.search(r"::|\(|_|^[A-Z]\w*[a-z]", word):
            return None
        parts = set(match[1].split("::"))
        return None if any(parts <= words for words in self.words) else "no such symbol in any source file"


def check(root):
    sources = Sources(root)
    return [f"{file.relative_to(root)}:{line}: {word} ({why})"
            for file in [root / "ARCHITECTURE.md", *sorted((root / "docs" / "design").glob("*.md"))]
            for line, word in named(file.read_text()) if (why := sources.lacks(word))]


if __name__ == "__main__":
    offences = check(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "."))
    print("\n".join(offences) or "all that the pages name is there")
    sys.exit(bool(offences))
