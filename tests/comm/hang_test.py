#!/usr/bin/env python3
"""How runs end that go wrong, seen from outside: hang_test.py PROBE MPIEXEC [FLAGS...]."""
import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

PROBE, LAUNCH = sys.argv[1], sys.argv[2:]
RANKS = 4


def run(mode, culprit, timeout=1):
    done = subprocess.run([*LAUNCH, "-n", str(RANKS), PROBE, mode, str(culprit), str(timeout)], capture_output=True, text=True, timeout=30)
    return done.returncode, done.stdout + done.stderr


def rows(output):
    """The rows of the table by rank."""
    found = [line.split(maxsplit=1) for line in output.splitlines() if line[:5].strip().isdigit()]
    return {int(rank): text for rank, text in found}


class Hang(unittest.TestCase):
    def check(self, mode, culprit, timeout=1):
        code, output = run(mode, culprit, timeout)
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
        self.assertRegex(table[2], r"nothing: at work for \d\.\d s in (clock_)?nanosleep, called by \w+; ranks that wait for it: 0, 1, 3")
        self.assertRegex(table[3], r"3F3 from rank 2 +rank 2 +12 +- ")
        self.assertIn("nothing comes from rank 2 on ", output)

    @unittest.skipUnless(platform.machine() == "x86_64", "NOT TESTED: the kernel is x86's")
    def test_a_rank_that_cannot_tell_where_it_is_is_not_hurt_by_the_question(self):
        table, _ = self.check("without_stack", 2)
        self.assertRegex(table[2], r"nothing: at work for \d\.\d s; ranks that wait for it: 0, 1, 3")

    def test_a_rank_that_the_kernel_does_not_let_go_is_said_to_be_there(self):
        table, _ = self.check("in_kernel", 2)
        self.assertRegex(table[2], r"nothing: at work for \d\.\d s in the kernel, which waits for a file system or a device; ranks")

    def test_a_stopped_process_is_named_whichever_it_is(self):
        for culprit in (0, 3):
            with self.subTest(culprit):
                table, output = self.check("stopped", culprit)
                self.assertRegex(table[culprit], rf"no answer \(stopped or dead\); ranks that wait for it: {'1, 2, 3' if culprit == 0 else '0, 1, 2'}")
                self.assertRegex(table[1], rf"1F3 from rank {culprit} +rank {culprit} +12 +no answer")
                self.assertIn(f"no answer from rank {culprit} on ", output)

    def test_nobody_waits_twice_for_the_same_answer(self):
        """They ask after 2 s, wait for 1 s, hear that one was silent for half a second, and ask it alone when its 2 s are over."""
        table, output = self.check("stopped_while_one_works", 2, timeout=2)
        self.assertEqual(len(table), RANKS)
        self.assertLess(max(float(seconds) for seconds in re.findall(r"([\d.]+) s$", output, re.MULTILINE)), 3.9, output)

    def test_a_process_that_is_stopped_while_others_wait_in_a_library_is_named(self):
        for culprit in (0, 3):
            with self.subTest(culprit):
                table, _ = self.check("stopped_in_library", culprit)
                self.assertIn("no answer", table.pop(culprit))
                for text in table.values():
                    self.assertIn("writing a file", text)

    def test_so_is_one_where_nobody_has_said_what_it_waits_for(self):
        table, _ = self.check("stopped_at_start", 1)
        self.assertIn("no answer", table.pop(1))
        for text in table.values():
            self.assertRegex(text, r"nothing: at work for \d\.\d s in MPI_Barrier, called by \w+$")

    def test_collectives_in_another_order_are_shown(self):
        table, _ = self.check("order", 1)
        self.assertIn("the gradient's sum", table[0])
        self.assertIn("barrier", table[1])


class Patience(unittest.TestCase):
    def test_time_that_no_process_had_is_no_silence(self):
        with subprocess.Popen([*LAUNCH, "-n", str(RANKS), PROBE, "works_until_continued", "1", "3"], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True) as launched:
            self.assertEqual(launched.stdout.readline(), "at work\n")
            with open(f"/proc/{launched.pid}/task/{launched.pid}/children") as children:
                ranks = [int(pid) for pid in children.read().split()]
            self.assertEqual(len(ranks), RANKS)
            for pid in ranks:
                os.kill(pid, signal.SIGSTOP)
            time.sleep(5)
            for pid in ranks:
                os.kill(pid, signal.SIGCONT)
            output = launched.stdout.read()
        self.assertEqual((launched.returncode, output), (0, ""))

    def test_a_rank_that_writes_on_does_not_hang(self):
        with tempfile.TemporaryDirectory(dir=".") as folder:
            self.check_that_linux_counts_what_is_written_to(os.path.join(folder, "counted"))
            done = subprocess.run([*LAUNCH, "-n", str(RANKS), PROBE, "writes_slowly", "1"], cwd=folder, capture_output=True, text=True, timeout=30)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertEqual(os.path.getsize(os.path.join(folder, "written")), 9 << 16)

    def check_that_linux_counts_what_is_written_to(self, path):
        def counted():
            with open("/proc/self/io") as counts:
                return re.search(r"^write_bytes: (\d+)", counts.read(), re.MULTILINE)[1]

        before = counted()
        with open(path, "wb") as file:
            file.write(bytes(1 << 16))
        if counted() == before:
            self.skipTest("NOT TESTED: Linux does not count what is written to this file system")

    def test_a_run_in_which_one_rank_gets_on_does_not_hang(self):
        self.assertEqual(run("slow", 0), (0, ""))


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
