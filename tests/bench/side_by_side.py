#!/usr/bin/env python3
"""Heddle and PyTorch train the same models in turns; writes one table: side_by_side.py --heddle HEDDLE -o TABLE.md

Each round runs every case once with Heddle and once with PyTorch, right after one another, so that what the machine
does meanwhile falls on both. Speeds are medians over the rounds, ratios medians of the rounds' own ratios. Memory is the
most that any one process had resident, as Linux counts it (VmHWM). `--update DOC` puts the table, and Heddle's budgets
of the same runs, between the marks of a document.
"""
import argparse
import json
import os
import pathlib
import platform
import re
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib
from dataclasses import dataclass, field

HERE = pathlib.Path(__file__).resolve().parent
LOCAL = HERE.parent.parent / "jobs" / "local.sh"
MIB = 1 << 20
PIPELINED = 4  # microbatches of a step


@dataclass
class Shape:
    name: str
    deck: str
    overrides: list[str]
    modes: list[str]
    steps: int = 3

    def sizes(self):
        """As PyTorch's script names them."""
        deck = tomllib.loads((HERE / self.deck).read_text())
        for override in self.overrides:
            section, key, value = re.fullmatch(r"(\w+)\.(\w+)=(\d+)", override).groups()
            deck[section][key] = int(value)
        model = deck["model"]
        return {"layers": model["layers"], "width": model["width"], "heads": model["heads"], "seq": model["context"],
                "vocab": model["vocabulary"], "batch": deck["train"]["batch"]}


@dataclass
class Mode:
    """A way to lay a model over ranks. Data parallelism keeps the work of a rank, the others share a rank's work."""
    name: str
    ranks: int
    torch: list[str]
    grid: list[str]
    own: bool = True  # torch_gpt2.py knows it too


ALL = ["one", "data", "tensor", "pipeline"]
MODES = {"one": Mode("one rank", 1, ["--mode", "single"], []),
         "data": Mode("data = 2", 2, ["--mode", "ddp"], ["grid.data=2"]),
         "tensor": Mode("tensor = 2", 2, ["--mode", "tp"], ["grid.tensor=2"], own=False),
         "pipeline": Mode("pipeline = 2", 2, ["--mode", "pp", "--microbatches", str(PIPELINED), "--schedule", "1f1b"],
                          ["grid.pipeline=2", f"pipeline.microbatches={PIPELINED}"], own=False)}
SHAPES = [Shape("6 x 384, 8 x 256", "small.toml", [], ALL),
          Shape("GPT-2 124M, 4 x 256", "gpt2_124m.toml", [], ALL),
          Shape("GPT-2 124M, 4 x 1024", "gpt2_124m.toml", ["model.context=1024"], ["one"], steps=1)]


@dataclass
class Case:
    shape: Shape
    mode: Mode
    heddle: list[dict] = field(default_factory=list)
    torch: list[dict] = field(default_factory=list)

    def median(self, value):
        return statistics.median(map(value, self.heddle))

    def pairs(self, value):
        """The median of what `value` makes of each round; none without PyTorch."""
        return statistics.median(map(value, self.heddle, self.torch)) if self.torch else None


def descendants(pid):
    yield pid
    try:
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for child in children:
        yield from descendants(int(child))


def peak_bytes(pid):
    """The most that a process has had resident."""
    try:
        found = re.search(r"VmHWM:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0
    return int(found[1]) << 10 if found else 0


def started(command, under):
    """What a command prints, and the largest peak of all processes that it starts."""
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(under + command, stdout=output, stderr=subprocess.STDOUT, env=environment)
        peak = 0
        while process.poll() is None:
            peak = max(peak, *map(peak_bytes, descendants(process.pid)))
            time.sleep(0.1)
        output.seek(0)
        text = output.read()
    if process.returncode:
        sys.exit(f"{shlex.join(command)} ended with {process.returncode}:\n{text}")
    return text, peak


def run_heddle(case, arguments):
    shape, mode = case.shape, case.mode
    batch = shape.sizes()["batch"] * (mode.ranks if mode.name.startswith("data") else 1)
    with tempfile.NamedTemporaryFile("r", suffix=".json") as result:
        command = [str(LOCAL), str(mode.ranks), arguments.heddle, "bench", str(HERE / shape.deck), *shape.overrides,
                   *mode.grid, f"train.batch={batch}", f"train.precision={arguments.precision}", "--steps", str(shape.steps), "--json", result.name]
        text, _ = started(command, arguments.under)
        found = json.loads(pathlib.Path(result.name).read_text())
    # Heddle's own figure: it is taken before the rates of the machine are measured, in memory of their own.
    return found | {"text": text, "peak": found["resident_bytes"]}


def run_torch(case, arguments):
    shape, mode = case.shape, case.mode
    launch = ["-m", "torch.distributed.run", "--nproc-per-node", str(mode.ranks)] if mode.ranks > 1 else []
    sizes = [word for name, value in shape.sizes().items() for word in (f"--{name}", str(value))]
    command = [arguments.python, *launch, arguments.peer or str(HERE / "torch_gpt2.py"), *mode.torch, *sizes,
               "--dtype", arguments.precision, "--steps", str(shape.steps), "--warmup", "1"]
    text, peak = started(command, arguments.under)
    return json.loads(next(line for line in text.splitlines() if line.startswith("{"))) | {"peak": peak}


def percent(value, digits=2):
    return "-" if value is None else f"{value:.{digits}f}"


def row(case):
    torch_speed = statistics.median(run["tokens_per_s"] for run in case.torch) if case.torch else None
    torch_peak = max(run["peak"] for run in case.torch) / MIB if case.torch else None
    cells = [case.shape.name, case.mode.name,
             f"{case.median(lambda h: h['tokens_per_s']):.0f}", percent(torch_speed, 0),
             percent(case.pairs(lambda h, t: h["tokens_per_s"] / t["tokens_per_s"])),
             f"{case.median(lambda h: h['model_flops_per_s']) / 1e9:.0f}",
             f"{case.median(lambda h: h['gemm_flops_per_s']) / 1e9:.0f}",
             f"{case.median(lambda h: h['ratio_to_gemm']):.2f}",
             f"{max(h['peak'] for h in case.heddle) / MIB:.0f}", percent(torch_peak, 0),
             percent(case.pairs(lambda h, t: h["peak"] / t["peak"]))]
    return "| " + " | ".join(cells) + " |"


def kept(cases, shape):
    """What two ranks keep of twice one rank's speed, at the same work for a rank."""
    one, two = (next((c for c in cases if c.shape is shape and c.mode is MODES[mode]), None) for mode in ("one", "data"))
    if not one or not two:
        return []
    each = [b["tokens_per_s"] / (2 * a["tokens_per_s"]) for a, b in zip(one.heddle, two.heddle)]
    text = f"{shape.name}: from one rank to two at the same work for each, Heddle keeps {statistics.median(each):.2f} of the speed"
    if one.torch and two.torch:
        each = [b["tokens_per_s"] / (2 * a["tokens_per_s"]) for a, b in zip(one.torch, two.torch)]
        text += f", PyTorch {statistics.median(each):.2f}"
    return [text + "."]


def processor():
    info = pathlib.Path("/proc/cpuinfo").read_text()
    name = re.search(r"model name\s*: (.*)", info)
    return f"{name[1] if name else platform.machine()}, {os.cpu_count()} cores, {time.strftime('%Y-%m-%d')}"


def heddle_state():
    describe = ["git", "-C", str(HERE), "describe", "--always", "--dirty"]
    found = shutil.which("git") and subprocess.run(describe, capture_output=True, text=True).stdout.strip()
    return f"Heddle {found or 'without git'}"


def table(cases, precision="fp32"):
    first = cases[0]
    peers = {run["peer"] for case in cases for run in case.torch}
    rounds = len(first.heddle)
    lines = [f"{heddle_state()} beside {', '.join(peers) or 'no PyTorch'}, {precision}, a thread a rank, "
             f"{rounds} round{'s' * (rounds > 1)}; {processor()}.", "",
             "| model, batch | layout | Heddle tokens/s | PyTorch tokens/s | ratio | Heddle GFLOP/s | GEMM GFLOP/s | ratio "
             "| Heddle MiB | PyTorch MiB | ratio |", "|---|---|" + "--:|" * 9]
    lines += map(row, cases)
    for shape in SHAPES:
        lines += [line for text in kept(cases, shape) for line in ("", text)]
    return "\n".join(lines) + "\n"


def replaced(text, name, block):
    """The document with something else between its marks of this name."""
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    if begin not in text:
        return text
    before, _, after = text.partition(begin)
    return before + begin + block + end + after.partition(end)[2]


def write(path, cases, precision):
    path.write_text(table(cases, precision))
    path.with_suffix(".json").write_text(json.dumps(
        [{"shape": c.shape.name, "layout": c.mode.name, "heddle": c.heddle, "torch": c.torch} for c in cases], indent=1))


def marks(name, precision):
    """fp32 has the plain name."""
    return name if precision == "fp32" else f"{name}, {precision}"


def update(path, cases, precision="fp32"):
    document = pathlib.Path(path)
    text = replaced(document.read_text(), marks("side by side", precision), table(cases, precision))
    for case in cases:
        speed = case.median(lambda h: h["tokens_per_s"])
        budget = min(case.heddle, key=lambda h: abs(h["tokens_per_s"] - speed))["text"]
        text = replaced(text, marks(f"budget of {case.shape.name}, {case.mode.name}", precision), f"```\n{budget.strip()}\n```\n")
    document.write_text(text)


def with_torch(candidates):
    for python in candidates:
        try:
            if not subprocess.run([python, "-c", "import torch"], capture_output=True).returncode:
                return python
        except OSError:
            pass
    sys.exit("side_by_side: no Python with torch; `make oracle` brings one, or give --python")


def arguments_of_the_command_line():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--heddle", required=True, help="the program")
    parser.add_argument("--python", nargs="+", default=[sys.executable], help="the first of these that has torch is taken")
    parser.add_argument("--peer", help="a script with torch_gpt2.py's command line, that may know --mode tp and pp too")
    parser.add_argument("--precision", default="fp32", choices=["fp32", "bf16"], help="what both compute in")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="only cases whose model and layout match this regular expression")
    parser.add_argument("--under", type=shlex.split, default=[], help="what each run is started under: 'taskset -c 0,1'")
    parser.add_argument("--update", metavar="DOC", help="document to put the results into")
    parser.add_argument("-o", "--output", required=True, help="the table; all figures go to the same name with .json")
    return parser.parse_args()


def main():
    arguments = arguments_of_the_command_line()
    arguments.python = with_torch(arguments.python)
    cases = [Case(shape, MODES[mode]) for shape in SHAPES for mode in shape.modes]
    if arguments.only and arguments.update:
        sys.exit("--only and --update: a table of some cases would take the place of all; leave one of them out")
    cases = [case for case in cases if re.search(arguments.only, f"{case.shape.name}, {case.mode.name}")]
    if not cases:
        sys.exit(f"--only {arguments.only}: no case is called so")
    for turn in range(arguments.rounds):
        for case in cases:
            print(f"round {turn + 1}: {case.shape.name}, {case.mode.name}", file=sys.stderr)
            case.heddle.append(run_heddle(case, arguments))
            if arguments.peer or case.mode.own:
                case.torch.append(run_torch(case, arguments))
            write(pathlib.Path(arguments.output), [case for case in cases if case.heddle], arguments.precision)
    if arguments.update:
        update(arguments.update, cases, arguments.precision)
    print(table(cases, arguments.precision), end="")


if __name__ == "__main__":
    main()
