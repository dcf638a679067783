#!/usr/bin/env python3
"""How runs end that go wrong, seen from outside: hang_test.py PROBE MPIEXEC [FLAGS...]."""
import subprocess
import sys
import unittest

PROBE, LAUNCH = sys.argv[1], sys.argv[2:]
RANKS = 4


def run(mode, culprit):
    done = subprocess.run([*LAUNCH, "-n", str(RANKS), PROBE, mode, str(culprit)], capture_output=True, text=True, timeout=30)
    return done.returncode, done.stdout + done.stderr


def rows(output):
    """The rows of the table by rank."""
    found = [line.split(maxsplit=1) for line in output.splitlines() if line[:5].strip().isdigit()]
    return {int(rank): text for rank, text in found}


class Hang(unittest.TestCase):
    def check(self, mode, culprit):
        code, output = run(mode, culprit)
        self.assertEqual(code, 4, output)
        self.assertEqual(output.count("no progress for"), 1, output)
        table = rows(output)
        self.assertEqual(sorted(table), list(range(RANKS)), output)
        return table, output

    def test_a_rank_that_never_sends_is_shown_with_what_it_waits_for(self):
        table, output = self.check("silent", 1)
        self.assertRegex(table[0], r"0F3 from rank 1 +rank 1 +12 +7 ")
        self.assertRegex(table[1], r"1F3 from rank 2 +rank 2 +7 +12 ")
        self.assertIn("every rank answers", output)

    def test_what_a_lane_hangs_on_is_shown(self):
        table, output = self.check("silent_on_lane", 1)
        self.assertRegex(table[0], r"0F3 from rank 1 +rank 1 +12 +7 ")
        self.assertRegex(table[1], r"1F3 from rank 2 +rank 2 +7 +12 ")
        self.assertIn("every rank answers", output)

    def test_a_busy_rank_is_named(self):
        table, output = self.check("busy", 2)
        self.assertIn("no answer (busy or dead); ranks that wait for it: 0, 1, 3", table[2])
        self.assertRegex(table[3], r"3F3 from rank 2 +rank 2 +12 +no answer")
        self.assertIn("no answer from rank 2 on ", output)

    def test_a_rank_inside_a_library_says_so_itself(self):
        table, output = self.check("away", 2)
        self.assertIn("no answer (busy or dead)", table[2])
        self.assertIn("heddle: rank 2 has been writing a file for 1 s (comm.timeout)", output)

    def test_a_stopped_process_is_named(self):
        self.assertIn("no answer", self.check("stopped", 3)[0][3])

    def test_another_rank_reports_where_rank_0_is_dead(self):
        table, output = self.check("stopped", 0)
        self.assertIn("no answer", table[0])
        self.assertRegex(output, "noticed by rank [123]")

    def test_collectives_in_another_order_are_shown(self):
        table, _ = self.check("order", 1)
        self.assertIn("the gradient's sum", table[0])
        self.assertIn("barrier", table[1])


class Failure(unittest.TestCase):
    def check(self, mode, culprit, code, message):
        actual, output = run(mode, culprit)
        self.assertEqual(actual, code, output)
        self.assertEqual(output.count(message), 1, output)
        self.assertNotIn("MPI_ABORT", output)
        self.assertNotIn("signal", output)
        self.assertNotIn("has failed", output)

    def test_one_rank_throws_and_all_leave_with_its_code(self):
        for culprit in (0, 3):
            self.check("throws", culprit, 2, "the deck is wrong (only one rank has seen it)")

    def test_messages_under_way_do_not_keep_a_failing_run(self):
        for culprit in (0, 2):
            self.check("throws_amid_traffic", culprit, 3, "the loss is not a number")

    def test_collectives_under_way_do_not_keep_a_failing_run(self):
        for culprit in (0, 2):
            self.check("throws_amid_collectives", culprit, 1, "the disk is full")

    def test_a_rank_that_fails_before_a_set_up_or_a_gather_is_heard(self):
        for step in ("grid", "subset", "gather", "gather_to_all"):
            for culprit in (0, 2):
                self.check(f"throws_before_{step}", culprit, 3, "only one rank has seen it")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
