#!/usr/bin/env python3
"""What run_all.sh tells of parts that pass, fail, or take too long, on a made-up GPU."""
import pathlib
import subprocess
import tempfile
import unittest

RUN_ALL = pathlib.Path(__file__).resolve().parent / "run_all.sh"
PASSES = """\
[==========] Running 2 tests from 1 test suite.
[       OK ] A.B (0 ms)
[  SKIPPED ] A.C (0 ms)
[==========] 2 tests from 1 test suite ran. (0 ms total)
[  PASSED  ] 1 test.
[  SKIPPED ] 1 test, listed below:
[  SKIPPED ] A.C
"""
FAILS = """\
[       OK ] A.B (0 ms)
[  FAILED  ] A.C (0 ms)
[  FAILED  ] A.D/1, where GetParam() = 3 (0 ms)
[  PASSED  ] 1 test.
[  FAILED  ] 2 tests, listed below:
[  FAILED  ] A.C
[  FAILED  ] A.D/1, where GetParam() = 3
"""


class RunAll(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.program("build/heddle", "heddle 1.2.3")
        self.program("bin/nvidia-smi", "A GPU, 80 GiB, 580")

    def program(self, name, text, code=0):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\ncat <<'END'\n{text}\nEND\nexit {code}\n")
        path.chmod(0o755)

    def run_all(self, only="kernels"):
        """Exit code, what is printed, and the rows of the table by part."""
        report = self.folder / "report"
        environment = {"PATH": f"{self.folder}/bin:/usr/bin:/bin", "ONLY": only}
        done = subprocess.run([RUN_ALL, self.folder / "build", report], env=environment, capture_output=True, text=True)
        lines = (report / "table.md").read_text().splitlines() if report.exists() else []
        cells = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]
        return done.returncode, done.stdout, {part: (verdict, said) for part, verdict, said, *_ in cells}

    def test_a_suite_that_passes(self):
        self.program("build/tests/test_kernels", PASSES)
        code, _, rows = self.run_all()
        self.assertEqual((code, rows["kernels"]), (0, ("passed", "1 passed, 1 skipped")))

    def test_suites_on_the_terminal_that_mpirun_gives_them_are_read(self):
        path = self.folder / "build/tests/test_kernels"
        self.program("build/tests/test_kernels", PASSES)
        colored = PASSES.replace("[  PASSED  ] ", "\x1b[0;32m[  PASSED  ] \x1b[m")
        path.write_text(f'#!/bin/sh\n[ "$GTEST_COLOR" = no ] && cat <<\'END\' || cat <<\'COLORED\'\n{PASSES}\nEND\n{colored}\nCOLORED\n')
        self.assertEqual(self.run_all()[2]["kernels"], ("passed", "1 passed, 1 skipped"))

    def test_what_fails_is_named(self):
        self.program("build/tests/test_kernels", FAILS, code=1)
        code, _, rows = self.run_all("attention|kernels")
        self.assertEqual(code, 1)
        for part in ("attention", "kernels"):
            self.assertEqual(rows[part], ("failed", "1 passed, failed: A.C A.D/1"))

    def test_a_part_that_crashes_says_its_last_line(self):
        self.program("build/tests/test_kernels", "CUDA error: an illegal | address", code=139)
        code, _, rows = self.run_all()
        self.assertEqual((code, rows["kernels"]), (1, ("failed", "CUDA error: an illegal   address")))

    def test_what_a_script_sums_up_is_its_row(self):
        self.program("build/tests/test_kernels", "much\n=> all of it\nmore")
        self.assertEqual(self.run_all()[2]["kernels"], ("passed", "all of it"))

    def test_no_gpu_is_no_failure(self):
        self.program("bin/nvidia-smi", "NVIDIA-SMI has failed: no driver", code=9)
        code, output, rows = self.run_all()
        self.assertEqual((code, rows), (77, {}))
        self.assertIn("there is no GPU here: no driver", output)

    def test_an_earlier_report_stays(self):
        (self.folder / "report").mkdir()
        (self.folder / "report" / "table.md").write_text("mine")
        self.assertEqual(self.run_all()[0], 1)
        self.assertEqual((self.folder / "report" / "table.md").read_text(), "mine")


if __name__ == "__main__":
    unittest.main(verbosity=2)
