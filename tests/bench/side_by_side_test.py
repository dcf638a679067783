#!/usr/bin/env python3
"""The table of side_by_side.py from runs that are made up, and what it puts into a document."""
import os
import pathlib
import sys
import tempfile
import unittest
import unittest.mock

import side_by_side
from side_by_side import MIB, MODES, SHAPES, Case


def heddle(speed, peak):
    return {"tokens_per_s": speed, "model_flops_per_s": 2e8 * speed, "gemm_flops_per_s": 2.5e11,
            "ratio_to_gemm": 2e8 * speed / 2.5e11, "peak": peak * MIB, "text": f"a budget at {speed}\n"}


def torch(speed, peak):
    return {"peer": "torch 0", "tokens_per_s": speed, "peak": peak * MIB}


CASES = [Case(SHAPES[0], MODES["one"], [heddle(900, 100), heddle(1000, 110), heddle(1100, 105)],
              [torch(600, 200), torch(500, 220), torch(500, 210)]),
         Case(SHAPES[0], MODES["data"], [heddle(1800, 120), heddle(1500, 120), heddle(2200, 120)], []),
         Case(SHAPES[0], MODES["tensor"], [heddle(1000, 60)] * 3, [])]


class Table(unittest.TestCase):
    def cells(self, line):
        return [cell.strip() for cell in side_by_side.table(CASES).splitlines()[line].strip("|").split("|")]

    def test_ratios_are_medians_of_each_rounds_own(self):
        self.assertEqual(self.cells(4), [SHAPES[0].name, "one rank", "1000", "500", "2.00", "200", "250", "0.80", "110", "220",
                                         "0.50"])

    def test_a_case_that_pytorch_lacks_has_heddles_figures(self):
        self.assertEqual(self.cells(5), [SHAPES[0].name, "data = 2", "1800", "-", "-", "360", "250", "1.44", "120", "-", "-"])

    def test_what_two_ranks_keep(self):
        self.assertIn("Heddle keeps 1.00 of the speed.", side_by_side.table(CASES))

    def test_a_machine_without_git_is_no_obstacle(self):
        with tempfile.TemporaryDirectory() as empty, unittest.mock.patch.dict(os.environ, PATH=empty):
            self.assertIn("Heddle without git beside", side_by_side.table(CASES))

    def test_shapes_are_those_of_their_decks(self):
        self.assertEqual(SHAPES[2].sizes(), {"layers": 12, "width": 768, "heads": 12, "seq": 1024, "vocab": 50257, "batch": 4})

    def test_a_document_gets_table_and_budget_between_its_marks(self):
        name = f"budget of {SHAPES[0].name}, one rank"
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "page.md")
            path.write_text(f"before\n<!-- side by side -->\nold\n<!-- end of side by side -->\n"
                            f"<!-- {name} -->\n<!-- end of {name} -->\nafter\n")
            side_by_side.update(path, CASES)
            once = path.read_text()
            side_by_side.update(path, CASES)
            self.assertEqual(path.read_text(), once)
        self.assertNotIn("old", once)
        self.assertIn(f"<!-- {name} -->\n```\na budget at 1000\n```\n<!-- end of {name} -->\nafter\n", once)

    def test_marks_of_the_page_are_those_of_the_script(self):
        page = (side_by_side.HERE.parent.parent / "docs" / "performance.md").read_text()
        for name in ["side by side", "side by side, bf16"] + [f"budget of {shape.name}, one rank" for shape in SHAPES[:2]]:
            self.assertTrue(f"<!-- {name} -->\n" in page and f"<!-- end of {name} -->\n" in page, name)


class Peak(unittest.TestCase):
    def test_is_that_of_the_largest_process_however_deep(self):
        allocate = "import time; x = bytearray(100 << 20); time.sleep(1)"
        _, peak = side_by_side.started(["sh", "-c", f"'{sys.executable}' -c '{allocate}'; true"], [])
        self.assertGreater(peak, 100 * MIB)
        self.assertLess(peak, 200 * MIB)

    def test_a_run_that_fails_ends_the_comparison(self):
        with self.assertRaisesRegex(SystemExit, "ended with 3:\nwords"):
            side_by_side.started(["sh", "-c", "echo words; exit 3"], [])


if __name__ == "__main__":
    unittest.main()
