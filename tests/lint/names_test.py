#!/usr/bin/env python3
"""A page that names what is not there must be noticed: small trees, each with one page."""
import pathlib
import tempfile
import unittest

import length
import names
import usings

FILES = {
    "src/maps/grid.cpp": "namespace heddle::maps { int Grid::size() { return held_back(); } }\n",
    "include/heddle/maps/grid.hpp": "struct Grid { int size(); };\n",
    "docs/deck_reference.md": "## [grid]\n| `data` | integer |\n",
}


def made(files, folder):
    root = pathlib.Path(folder)
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


class NamesTest(unittest.TestCase):
    def offences(self, page):
        with tempfile.TemporaryDirectory() as folder:
            return names.check(made({**FILES, "ARCHITECTURE.md": page}, folder))

    def test_what_is_there_passes(self):
        page = ("`src/maps/grid.cpp`, `maps/grid.{hpp}`, `grid.cpp`, `Grid::size`, `maps::Grid`, `held_back(x)`, "
                "`grid.data`, `src/<m>/`, `heddle check`, `whole`, `run.h5`, `1 / m`\n"
                "```\nsrc/none.cpp `None::none`\n```\n")
        self.assertEqual([], self.offences(page))

    def test_what_is_not_there_is_named_with_its_line(self):
        symbol = "no such symbol in any source file"
        for word, why in [("src/maps/none.cpp", "there is no src/maps/none.cpp"), ("none.cpp", "there is no none.cpp"),
                          ("src/maps/{grid,none}.cpp", "there is no src/maps/none.cpp"),
                          ("src/none", "there is no src/none"), ("Grid::none", symbol), ("Grind", symbol),
                          ("held_forth(x)", symbol), ("grid.none", "no key of a deck")]:
            self.assertEqual([f"ARCHITECTURE.md:2: {word} ({why})"], self.offences(f"A page\nwith `{word}`.\n"))


class LengthTest(unittest.TestCase):
    def test_a_long_file_is_named(self):
        with tempfile.TemporaryDirectory() as folder:
            lengths = {"src/a.cpp": 301, "src/b.cpp": 300, "tests/golden.csv": 999}
            root = made({name: "\n" * lines for name, lines in lengths.items()}, folder)
            self.assertEqual(["src/a.cpp:301: 301 lines, more than 300"], length.check(root))


class UsingsTest(unittest.TestCase):
    def test_one_that_nothing_is_named_by_is_named(self):
        with tempfile.TemporaryDirectory() as folder:
            root = made({"src/a.cpp": "#include <swap>\nusing std::swap;  // not swap\nusing maps::Axis;\nAxis axis;\n"}, folder)
            self.assertEqual(["src/a.cpp:2: swap is not used"], usings.check(root))


if __name__ == "__main__":
    unittest.main()
