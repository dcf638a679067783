#!/usr/bin/env python3
"""The dependency law is only worth something if a broken one is noticed: small trees, each with one offence."""
import pathlib
import tempfile
import unittest

import layers

LAYERS = """# a comment: with a colon
base:            | fmt
maps:  base      | fmt
comm:  base maps | fmt mpi
"""


class LayersTest(unittest.TestCase):
    def offences(self, files, law=LAYERS):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in {"LAYERS": law, **files}.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            return layers.check(root)

    def test_allowed_includes_pass(self):
        text = '#include <mpi.h>\n#include <vector>\n#include <unistd.h>\n#include "heddle/maps/map.hpp"\n#include "own.hpp"\n'
        self.assertEqual([], self.offences({"src/comm/a.cpp": text, "src/comm/own.hpp": '#include "heddle/comm/b.hpp"\n'}))

    def test_a_later_module_is_refused(self):
        found = self.offences({"src/maps/a.cpp": '// text\n#include "heddle/comm/mpi.hpp"\n'})
        self.assertEqual(["src/maps/a.cpp:2: heddle/comm/mpi.hpp (maps may not include the module comm)"], found)

    def test_a_foreign_library_is_refused(self):
        found = self.offences({"include/heddle/maps/a.hpp": "#include <mpi.h>\n"})
        self.assertEqual(["include/heddle/maps/a.hpp:1: mpi.h (maps may not include the library mpi)"], found)

    def test_an_unknown_library_is_refused(self):
        self.assertEqual(1, len(self.offences({"src/base/a.cpp": "#include <boost/any.hpp>\n"})))

    def test_a_private_header_of_another_module_is_refused(self):
        self.assertEqual(1, len(self.offences({"src/comm/a.cpp": '#include "../maps/own.hpp"\n', "src/maps/own.hpp": ""})))

    def test_a_module_without_a_line_is_refused(self):
        self.assertEqual(["src/other/a.cpp:1: other has no line in LAYERS"], self.offences({"src/other/a.cpp": ""}))

    def test_a_law_with_a_cycle_is_refused(self):
        self.assertEqual(1, len(self.offences({}, "base: maps | fmt\nmaps: base | fmt\n")))


if __name__ == "__main__":
    unittest.main()
