#!/usr/bin/env python3
"""Processes that a launcher started, and what each sees of the others: launchers.py HEDDLE MPIEXEC [FLAGS...]."""
import os
import sys
import unittest
import unittest.mock

from program import alone_and_on

HEDDLE, LAUNCH = sys.argv[1], sys.argv[2:]
PAIRS = [("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"), ("PMI_RANK", "PMI_SIZE"), ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS")]


def among(**variables):
    return unittest.mock.patch.dict(os.environ, variables)


class Launchers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.alone, cls.pair = alone_and_on(2, HEDDLE, LAUNCH, cls)
        cls.alone.prepare()

    def test_processes_that_do_not_see_each_other_are_refused_once(self):
        for rank_name, size_name in PAIRS:
            for command in (["run", "deck.toml"], ["bench", "deck.toml"]):
                for rank in range(2):
                    with self.subTest(size_name, command=command, rank=rank), among(**{rank_name: str(rank), size_name: "2"}):
                        code, output, errors = self.alone.run(*command)
                        self.assertEqual((code, output), (2, ""))
                        said = "2 processes were started, and MPI sees one (each would do all the work by itself: "
                        self.assertEqual(errors.count(said), 1 - rank, errors)
        self.assertFalse(os.path.exists(os.path.join(self.alone.folder, "out")))

    def test_a_process_alone_in_its_step_is_not(self):
        for variables in ({"SLURM_NTASKS": "4", "SLURM_PROCID": "0"}, {"SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "1"},
                          {"PMI_RANK": "0", "PMI_SIZE": "1", "SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "2"}):
            with self.subTest(str(variables)), among(**variables):
                code, output, errors = self.alone.run("run", "deck.toml", "output.directory=alone", "--overwrite")
                self.assertEqual((code, errors), (0, ""), output)

    def test_ranks_of_mpirun_within_a_step_see_each_other(self):
        with among(SLURM_PROCID="0", SLURM_STEP_NUM_TASKS="1", SLURM_NTASKS="8"):
            code, output, errors = self.pair.run("run", "deck.toml", "grid.data=2", "output.directory=pair")
        self.assertEqual((code, errors), (0, ""), output)

    def test_a_command_without_ranks_works_in_the_first_process_or_in_one_that_is_alone(self):
        for variables, works in [({"SLURM_PROCID": "1"}, True), ({"SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "2"}, True),
                                 ({"SLURM_PROCID": "1", "SLURM_STEP_NUM_TASKS": "2"}, False), ({"PMI_RANK": "1", "PMI_SIZE": "2"}, False)]:
            with self.subTest(str(variables)), among(**variables):
                code, _, errors = self.alone.run("prepare", "text.txt", "-o", "new.h5")
                self.assertEqual((code, errors), (0, ""))
                new = os.path.join(self.alone.folder, "new.h5")
                self.assertEqual(os.path.exists(new), works)
                if works:
                    os.remove(new)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
