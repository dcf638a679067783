#!/usr/bin/env python3
"""The way of a person through the commands, on one rank and on a grid: good.py HEDDLE SMOKE_DECK MPIEXEC [FLAGS...]."""
import json
import os
import sys
import unittest
import unittest.mock
import xml.etree.ElementTree

import h5py

from program import DECK, TEXT, alone_and_on

HEDDLE, SMOKE, LAUNCH = sys.argv[1], sys.argv[2], sys.argv[3:]
GRID = ["grid.pipeline=2", "grid.tensor=2", "pipeline.microbatches=2"]


class Commands(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.alone, cls.grid = alone_and_on(4, HEDDLE, LAUNCH, cls)
        cls.folder = cls.alone.folder
        cls.alone.write("text.txt", TEXT)
        cls.alone.write("deck.toml", DECK)
        cls.prepared = cls.alone.run("prepare", "text.txt", "-o", "data/smoke.h5")  # makes the folder

    def done(self, program, *arguments):
        code, output, errors = program.run(*arguments)
        self.assertEqual((code, errors), (0, ""), output)
        return output

    def losses(self, run):
        with h5py.File(os.path.join(self.folder, run, "run.h5"), "r") as file:
            self.assertEqual(file.attrs["finished"], 1)
            return file["steps"]["loss"].tolist()

    def test_prepare_says_what_it_wrote(self):
        code, output, errors = self.prepared
        self.assertEqual((code, errors), (0, ""))
        self.assertIn(f"data/smoke.h5: {len(TEXT)} tokens (byte), vocabulary 256", output)

    def test_commands_without_ranks_work_once_on_several_processes(self):
        self.assertEqual(self.done(self.grid, "check", SMOKE), self.done(self.alone, "check", SMOKE))
        output = self.done(self.grid, "prepare", "text.txt", "-o", "data/again.h5", "--tokenizer", "char")
        self.assertEqual(output.count("tokens (char)"), 1, output)
        self.assertEqual(os.listdir(os.path.join(self.folder, "data")).count("again.h5"), 1)

    def test_an_evaluation_is_the_same_for_every_batch_size_and_grid(self):
        still = ["deck.toml", "data.tokens=data/smoke.h5", "data.held_out=0.05", "train.precision=fp64", "train.steps=1", "optimizer.rate=1e-30",
                 "optimizer.final_rate=1e-31", "optimizer.weight_decay=0", "train.evaluate_windows=100"]
        found = []
        for program, more in [*((self.alone, [f"train.batch={batch}"]) for batch in (8, 9, 20)), (self.grid, ["train.batch=16", "grid.data=4"])]:
            name = f"evaluated-{len(found)}"
            self.assertIn(" of 10 windows\n", self.done(program, "run", *still, *more, f"output.directory={name}"))  # 170 tokens are held out
            with h5py.File(os.path.join(self.folder, name, "run.h5"), "r") as file:
                found.append(file["steps"]["validation_loss"][-1])
        self.assertLess(max(found) / min(found) - 1, 1e-12)

    def test_what_check_prints_is_a_deck(self):
        for overrides in ([], [*GRID, "train.precision=bf16", "train.recompute=full", "optimizer.masters=remainder"]):
            printed = self.done(self.alone, "check", "deck.toml", *overrides)
            self.alone.write("full.toml", printed)
            self.assertEqual(self.done(self.alone, "check", "full.toml"), printed)

    def test_help_and_version(self):
        for words in (["--help"], ["run", "--help"], ["--version"], ["help"], ["help", "run"], ["version"]):
            self.assertIn("heddle", self.done(self.alone, *words).lower())
        self.assertRegex(self.done(self.alone, "help", "model.width"), r"^model\.width: .*\n  integer, must be given, at least 1")
        self.assertIn("grid.tensor: ", self.done(self.alone, "help", "grid"))

    def test_a_pipeline_alone_can_be_printed(self):
        self.alone.write("schedule.toml", "[pipeline]\nranks = 2\nmicrobatches = 2\n")
        rows = self.done(self.alone, "schedule", "schedule.toml", "--format", "csv")
        self.assertEqual(rows, "0F0,0F1,,0B0,,0B1\n,1F0,1B0,1F1,1B1,\n")
        picture = self.done(self.alone, "schedule", "schedule.toml")
        self.assertTrue(picture.startswith("   0  F0 F1 .  B0 .  B1\n   1  .  F0 B0 F1 B1 .\n"), picture)
        self.assertIn("6 lock-step steps, 11 with sends and receives\n", picture)

    def test_a_schedule_from_a_file_is_lowered_as_torch_does_and_runs(self):
        self.alone.write("rows/torch.csv", "0F0,0F1,,0B0,,0B1\n,1F0,1B0,1F1,1B1,\n")
        self.alone.write("rows/deck.toml", '[pipeline]\nschedule = "file:rows/torch.csv"\n')
        lowered = self.done(self.alone, "schedule", "rows/deck.toml", "--format", "csv", "--communication")
        self.assertEqual(lowered, "0F0,0SEND_F0,0F1,0SEND_F1,0RECV_B0,0B0,0RECV_B1,0B1\n"
                                  "1RECV_F0,1RECV_F1,1F0,1B0,1SEND_B0,1F1,1B1,1SEND_B1\n")
        self.alone.write("lowered.csv", lowered)
        two = ["deck.toml", "data.tokens=data/smoke.h5", "grid.pipeline=2", "grid.tensor=2", "pipeline.microbatches=2"]
        for name, schedule in [("file", "file:rows/torch.csv"), ("messages", "file:lowered.csv"), ("1f1b", "1f1b")]:
            self.done(self.grid, "run", *two, f"pipeline.schedule={schedule}", f"output.directory=rows/{name}")
        self.assertEqual(self.losses("rows/file"), self.losses("rows/1f1b"))
        self.assertEqual(self.losses("rows/messages"), self.losses("rows/1f1b"))

    def test_ranks_of_a_schedule_from_a_file_may_hold_unequal_numbers_of_stages(self):
        self.alone.write("uneven/rows.csv", "0F0,0F1,0B0,0B1\n1F0,2F0,3F0,3B0,2B0,1B0,1F1,2F1,3F1,3B1,2B1,1B1\n")
        self.alone.write("uneven/deck.toml", '[pipeline]\nschedule = "file:uneven/rows.csv"\n[cost]\nforward = [1, 2, 3, 4]\n')
        self.assertIn("2 ranks, 4 stages, 2 microbatches\n", self.done(self.alone, "schedule", "uneven/deck.toml"))
        self.assertIn("2 ranks, 4 stages, 2 microbatches\n", self.done(self.alone, "simulate", "uneven/deck.toml"))

    def test_a_pipeline_alone_can_be_simulated(self):
        self.alone.write("pipeline.toml", "[pipeline]\nranks = 4\nmicrobatches = 8\n[cost]\nforward = 2\n")
        output = self.done(self.alone, "simulate", "pipeline.toml", "--json", "simulated.json", "-o", "simulated.h5")
        self.assertIn("makespan       66 s", output)  # (8 + 4 - 1) * (2 + 2 + 2)
        with open(os.path.join(self.folder, "simulated.json"), encoding="utf-8") as file:
            found = json.load(file)
        self.assertEqual((found["makespan_s"], found["busy_s"], len(found["ranks"])), (66, 48, 4))
        self.assertEqual([rank["peak_activations"] for rank in found["ranks"]], [4, 3, 2, 1])
        self.assertAlmostEqual(found["bubble_of_makespan"], 3 / 11)
        self.assertEqual(json.loads(self.done(self.alone, "simulate", "pipeline.toml", "--json", "-")), found)
        with h5py.File(os.path.join(self.folder, "simulated.h5"), "r") as file:
            self.assertEqual(file.attrs["finished"], 1)
            events = file["legs/1/events/3"]
            backward = h5py.check_enum_dtype(events.dtype["kind"])["B"]
            self.assertEqual(events["end"][events["kind"] == backward].max(), 66 - 3 * 4)  # three B before the first stage
            self.assertEqual(file["steps"]["seconds"].tolist(), [66])

    def test_a_schedule_can_be_drawn(self):
        self.alone.write("wide.toml", "[pipeline]\nranks = 64\nmicrobatches = 128\nschedule = \"zb-h1\"\n")
        self.done(self.alone, "schedule", "wide.toml", "--format", "svg", "-o", "drawn.svg")
        self.done(self.alone, "simulate", "wide.toml", "--svg", "simulated.svg", "-o", "wide.h5")
        pictures = [self.alone.read(name) for name in ("drawn.svg", "simulated.svg")]
        self.assertEqual(*pictures)
        picture = xml.etree.ElementTree.fromstring(pictures[0])
        self.assertGreater(float(picture.get("height")), 64 * 10)
        self.assertLess(float(picture.get("height")), float(picture.get("width")))
        self.done(self.alone, "timeline", "wide.h5", "-o", "run.svg")
        self.assertEqual(self.boxes("run.svg"), self.boxes("simulated.svg"))

    def boxes(self, name):
        """Of a picture, all that is drawn of events, by colour."""
        paths = xml.etree.ElementTree.parse(os.path.join(self.folder, name)).iter("{http://www.w3.org/2000/svg}path")
        return sorted((path.get("fill"), path.get("d").count("M")) for path in paths)

    def test_a_run_leaves_a_run_file_and_a_checkpoint_that_writes(self):
        for name, program, grid in [("one", self.alone, []), ("four", self.grid, GRID)]:
            output = self.done(program, "run", SMOKE, *grid, f"output.directory={name}")
            self.assertIn("step 20/20", output)
            self.assertEqual(len(self.losses(name)), 20)
            self.assertEqual(os.listdir(os.path.join(self.folder, name, "checkpoints")), ["step-000020.h5"])
            text = self.done(self.alone, "generate", name, "--tokens", "12", "--prompt", "To be")
            self.assertTrue(text.startswith("To be"), text)
            self.assertEqual(text, self.done(self.alone, "generate", name, "--tokens", "12", "--prompt", "To be"))
        for one, four in zip(self.losses("one"), self.losses("four")):
            self.assertAlmostEqual(one / four, 1, delta=1e-5)

    def test_a_checkpoint_has_each_moment_of_what_one_rank_steps_for_others(self):
        for dtype, width in [("fp32", 4), ("fp64", 8), ("bf16", 4)]:  # masters and moments of bf16 are fp32
            self.done(self.grid, "run", SMOKE, "grid.pipeline=4", "model.layers=4", "pipeline.microbatches=2",
                      "pipeline.tied=transmit", f"train.precision={dtype}", f"output.directory=tied-{dtype}")
            with h5py.File(os.path.join(self.folder, f"tied-{dtype}", "checkpoints", "step-000020.h5"), "r") as file:
                for group in (file["parameters"], file["optimizer/first"], file["optimizer/second"]):
                    self.assertEqual(len(group), len(file["parameters"]))
                    self.assertEqual({group[name].dtype.itemsize for name in group}, {width})
                self.assertTrue(file["optimizer/first/embedding.token"][:].any())

    def test_a_checkpoint_has_moments_that_are_bf16_as_fp32(self):
        self.done(self.grid, "run", SMOKE, *GRID, "optimizer.moments=bf16", "output.directory=narrow")
        with h5py.File(os.path.join(self.folder, "narrow", "checkpoints", "step-000020.h5"), "r") as file:
            for moment in ("first", "second"):
                numbers = file[f"optimizer/{moment}/embedding.token"][:]
                self.assertEqual(numbers.dtype, "float32")
                self.assertTrue(numbers.any())
                self.assertFalse((numbers.view("uint32") & 0xffff).any(), "more than bf16 holds")

    def test_a_run_in_bf16_is_checked_run_measured_and_written_with(self):
        bf16 = ["train.precision=bf16", *GRID]
        text = self.done(self.grid, "check", SMOKE, *bf16)
        self.assertRegex(text, r"linear_weight_gradient +bf16 bf16 +-> fp32\n")
        for name, overrides in [("wide", GRID), ("bf16", bf16)]:
            self.assertIn("step 20/20", self.done(self.grid, "run", SMOKE, *overrides, f"output.directory={name}"))
        for wide, narrow in zip(self.losses("wide"), self.losses("bf16")):
            self.assertNotEqual(wide, narrow)
            self.assertAlmostEqual(narrow / wide, 1, delta=1e-3)  # 256 rows: see tests/session/mpi/invariance_test.cpp
        self.assertTrue(self.done(self.alone, "generate", "bf16", "--tokens", "12", "--prompt", "To be"))
        self.done(self.grid, "bench", SMOKE, *bf16, "--steps", "2", "--json", "bf16.json")
        with open(os.path.join(self.folder, "bf16.json"), encoding="utf-8") as file:
            self.assertEqual(json.load(file)["precision"], "bf16")

    def test_a_run_without_masters_has_weights_that_bf16_holds_and_is_written_with(self):
        self.done(self.grid, "run", SMOKE, *GRID, "train.precision=bf16", "optimizer.masters=none", "output.directory=one-copy")
        with h5py.File(os.path.join(self.folder, "one-copy", "checkpoints", "step-000020.h5"), "r") as file:
            self.assertFalse((file["parameters/embedding.token"][:].view("uint32") & 0xffff).any())
            self.assertTrue((file["parameters/norm.weight"][:].view("uint32") & 0xffff).any())
        self.assertTrue(self.done(self.alone, "generate", "one-copy", "--tokens", "12", "--prompt", "To be"))

    def test_a_run_with_remainders_leaves_the_losses_and_the_checkpoint_of_one_with_masters(self):
        bf16 = ["train.precision=bf16", "optimizer.clip=0.5"]
        for program, grid in [(self.alone, []), (self.grid, [*GRID, "pipeline.tied=transmit"])]:
            text = self.done(program, "check", SMOKE, *grid, *bf16, "optimizer.masters=remainder")
            self.assertRegex(text, r"adamw +bf16 fp32 fp32 fp32 int16 +-> bf16 fp32 fp32 int16\n")
            self.assertRegex(text, r"parameters [0-9.]+ \+ moments [0-9.]+ \+ remainders [0-9.]+ ")
            files = []
            for masters in ("wide", "remainder"):
                self.done(program, "run", SMOKE, *grid, *bf16, f"optimizer.masters={masters}", f"output.directory={masters}", "--overwrite")
                files.append(h5py.File(os.path.join(self.folder, masters, "checkpoints", "step-000020.h5"), "r"))
            self.assertEqual(*(self.losses(masters) for masters in ("wide", "remainder")))
            for group in ("parameters", "optimizer/first", "optimizer/second"):
                self.assertEqual(*(sorted(file[group]) for file in files))
                for name in files[0][group]:
                    numbers, others = (file[group][name][:] for file in files)
                    self.assertEqual((numbers.dtype, numbers.tobytes()), (others.dtype, others.tobytes()), name)
            self.assertTrue((files[1]["parameters/embedding.token"][:].view("uint32") & 0xffff).any())
            for file in files:
                file.close()
            self.assertEqual(*(self.done(self.alone, "generate", masters, "--tokens", "12", "--prompt", "To be")
                               for masters in ("wide", "remainder")))

    def test_a_processor_without_bf16_runs_and_says_that_it_is_slow(self):
        self.done(self.alone, "run", SMOKE, "train.precision=bf16", "output.directory=fast")
        with unittest.mock.patch.dict(os.environ, ONEDNN_MAX_CPU_ISA="AVX2"):
            text = self.done(self.alone, "run", SMOKE, "train.precision=bf16", "output.directory=slow")
        self.assertEqual(text.count('train.precision = "bf16" is slow here: '), 1, text)
        for fast, slow in zip(self.losses("fast"), self.losses("slow")):
            self.assertAlmostEqual(slow / fast, 1, delta=1e-3)

    def test_a_run_says_once_that_hosts_have_no_tf32(self):
        text = self.done(self.alone, "run", SMOKE, "train.precision=tf32", "output.directory=tf32")
        self.assertEqual(text.count('train.precision = "tf32": products are computed in fp32 (hosts have no TF32)'), 1, text)
        self.done(self.alone, "run", SMOKE, "output.directory=fp32")
        self.assertEqual(self.losses("tf32"), self.losses("fp32"))

    def test_the_same_deck_on_the_same_grid_gives_the_same_bits(self):
        runs = ["first", "second"]
        for name in runs:
            self.done(self.grid, "run", SMOKE, *GRID, "model.dropout=0.1", f"output.directory={name}")
        self.assertEqual(*(self.losses(name) for name in runs))

    def bench(self, program, *grid):
        """What `heddle bench` writes of the small deck, whose tokens file is absent."""
        output = self.done(program, "bench", "deck.toml", *grid, "--steps", "3", "--json", "bench.json")
        self.assertLessEqual(max(map(len, output.splitlines())), 120, output)
        for words in ("tokens/s", "GEMM rate", "overhead", "linear_weight_gradient", "adamw", "rest"):
            self.assertIn(words, output)
        with open(os.path.join(self.folder, "bench.json")) as file:
            return json.load(file)

    def test_a_bench_tells_where_a_step_goes(self):
        for program, grid, stages in [(self.alone, [], 1), (self.grid, GRID, 2), (self.grid, ["grid.data=4"], 1)]:
            found = self.bench(program, *grid)
            self.assertEqual((found["world"], len(found["ranks"])), (program.ranks, program.ranks))
            self.assertAlmostEqual(found["tokens_per_s"] * found["step_s"] / found["tokens_per_step"], 1, delta=1e-3)
            self.assertAlmostEqual(found["model_flops_per_s"] / found["gemm_flops_per_s"] / found["ratio_to_gemm"], 1,
                                   delta=1e-3)
            self.assertEqual(found["planned_bytes"], found["allocated_bytes"])
            self.assertLess(found["planned_bytes"], found["resident_bytes"])
            self.assertEqual((found["format"], found["version"]), ("heddle bench", 2))
            self.assertEqual(len({rank["pipeline_rank"] for rank in found["ranks"]}), stages)
            self.assertEqual({(rank["pipeline_rank"], *rank["stages"]) for rank in found["ranks"]},
                             {(stage, stage) for stage in range(stages)})
            for rank in found["ranks"]:
                rows = {row["name"]: row for row in rank["rows"]}
                self.assertEqual(len(rows), len(rank["rows"]))
                self.assertAlmostEqual(sum(row["share"] for row in rows.values()), 1, delta=1e-4)
                self.assertGreaterEqual(rows["rest"]["seconds"], 0)
                self.assertAlmostEqual(sum(row["flops"] for row in rows.values()) / rank["step"]["flops"], 1, delta=1e-4)
                self.assertLess(0, rows["attention" if rank["pipeline_rank"] == 0 else "linear"]["floor_s"])

    def test_a_bench_gives_the_seconds_of_blocks_by_which_stages_are_cut(self):
        for program, grid in [(self.grid, GRID), (self.alone, [])]:
            blocks = self.bench(program, *grid)["cost"]["blocks"]  # embedding, two layers, head
            self.assertEqual(len(blocks), 4)
            self.assertLess(0, min(blocks))
        self.done(self.alone, "check", "deck.toml", "grid.pipeline=2", "cost.from=bench.json", "pipeline.balance=time")

    def test_flops_of_a_bench_are_those_of_the_model(self):
        for loss_rows, chunks in [(512, 1), (48, 3)]:
            with self.subTest(loss_rows=loss_rows):
                rows = self.bench(self.alone, f"train.loss_rows={loss_rows}")["ranks"][0]["rows"]
                self.check_flops({row["name"]: row for row in rows}, chunks)

    def check_flops(self, rows, chunks):
        layers, width, context, vocabulary, batch = 2, 16, 16, 256, 8
        products = batch * context * (layers * 12 * width * width + vocabulary * width)
        pairs = layers * batch * context * (context + 1) // 2 * width
        for name, flops in [("linear", 2 * products), ("linear_input_gradient", 2 * products),
                            ("linear_weight_gradient", 2 * products), ("attention", 4 * pairs),
                            ("attention_gradient", 10 * pairs)]:
            self.assertAlmostEqual(rows[name]["flops"] / flops, 1, delta=1e-4, msg=name)
        self.assertEqual([rows[name]["calls"] for name in ("log_sum_exp", "linear")], [chunks, 4 * layers + chunks])

    def test_a_run_that_diverges_says_so(self):
        diverging = ["deck.toml", "data.tokens=data/smoke.h5", "optimizer.rate=1e30", "output.directory=diverged", "--overwrite"]
        for program, grid in [(self.alone, []), (self.grid, GRID), (self.grid, ["grid.data=4"])]:
            code, _, errors = program.run("run", *diverging, *grid)
            self.assertEqual(code, 3, errors)
            self.assertRegex(errors.strip(), r"^step 2: loss = .*\(training has diverged; the first number that is not finite: .*, on rank \d \(.*\), of samples \d+ to \d+\); lower optimizer\.rate.*$")

    def test_a_run_that_diverges_keeps_its_steps_in_order(self):
        """The step that comes to nothing lies before a checkpoint, at which the step before it is not written yet."""
        for validate in ("before", "after"):
            with self.subTest(validate):
                directory = f"in-order-{validate}"
                code, output, errors = self.grid.run(
                    "run", "deck.toml", "--fault", "0STEP:nan:step=2", *GRID, "data.tokens=data/smoke.h5", "train.steps=3",
                    "output.checkpoint_every=2", f"optimizer.validate={validate}", f"output.directory={directory}")
                self.assertEqual(code, 3, output + errors)
                with h5py.File(os.path.join(self.folder, directory, "run.h5"), "r") as file:
                    self.assertEqual(file["steps"]["step"].tolist(), [1, 2])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
