#!/usr/bin/env python3
"""A training step's speed on one GPU beside PyTorch's: speed.py SHAPE HEDDLE [--python PYTHON]

Random tokens, bf16 with fp32 masters, sequences of 1024, clipping and AdamW in every step. PyTorch has autocast,
torch.compile and fused AdamW, and the padded vocabulary that its users give it. Where the model's layers do not fit the GPU, both train
as many as do by Heddle's own plan. The last line, after "=>", says it all; `heddle bench`'s table by op comes before it.
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))

from stored import output  # noqa: E402

DECK = HERE.parent / "bench" / "gpt2_124m.toml"
PEER = HERE.parent / "bench" / "torch_gpt2.py"
CONTEXT, CLIP, STEPS = 1024, 1, 5
MIB, GIB = 1 << 20, 1 << 30
BESIDE = 2 * GIB  # the context, libraries' code, and what another process may have
BYTES_OF_A_PARAMETER = 18  # fp32 master, two moments and gradient, and the bf16 copy


@dataclass
class Shape:
    layers: int
    width: int
    heads: int
    vocabulary: int
    padded: int
    batch: int
    compiled: str


SHAPES = {"124M": Shape(12, 768, 12, 50257, 50304, 64, "whole"),
          "1558M": Shape(48, 1600, 25, 50257, 50304, 16, "blocks"),
          "7B": Shape(28, 3584, 28, 152064, 152064, 8, "blocks")}


def overrides(shape, layers):
    return [f"model.layers={layers}", f"model.width={shape.width}", f"model.heads={shape.heads}",
            f"model.context={CONTEXT}", f"model.vocabulary={shape.vocabulary}", f"train.batch={shape.batch}",
            f"optimizer.clip={CLIP}", "train.precision=bf16"]


def gpu_bytes():
    text = output("nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits")
    return int(text.split()[0]) * MIB


def planned_bytes(heddle, shape, layers):
    text = output(heddle, "check", str(DECK), *overrides(shape, layers))
    return float(re.search(r"^# stage 0: ([\d.]+) =", text, re.MULTILINE)[1]) * MIB


def layers_that_fit(heddle, shape, room):
    """Memory grows evenly with the layers."""
    few, all_layers = planned_bytes(heddle, shape, 2), planned_bytes(heddle, shape, shape.layers)
    a_layer = (all_layers - few) / (shape.layers - 2)
    return min(shape.layers, int((room - few) / a_layer) + 2)


def run_heddle(heddle, shape, layers):
    with tempfile.NamedTemporaryFile("r", suffix=".json") as result:
        print(output(heddle, "bench", str(DECK), *overrides(shape, layers), "--steps", str(STEPS), "--json", result.name),
              flush=True)
        return json.loads(pathlib.Path(result.name).read_text())


def run_torch(python, shape, layers):
    """None, with a line that says why, where PyTorch cannot do it."""
    sizes = {"layers": layers, "width": shape.width, "heads": shape.heads, "seq": CONTEXT, "batch": shape.batch,
             "vocab": shape.padded, "steps": STEPS, "warmup": 3}
    words = [word for name, value in sizes.items() for word in (f"--{name}", str(value))]
    command = [python, str(PEER), *words, "--device", "cuda", "--dtype", "bf16", "--compile", shape.compiled,
               "--clip", str(CLIP)]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        print(f"PyTorch: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else 'no result'}")
        return None
    return json.loads(lines[-1])


def beside_torch(shape, ours, theirs):
    ratio = ours["tokens_per_s"] / theirs["tokens_per_s"]
    least = BYTES_OF_A_PARAMETER * ours["params"]
    beyond, torch_beyond = ours["planned_bytes"] - least, theirs["device_bytes"] - least
    return (f"{ratio:.2f} of {theirs['peer']}'s {theirs['tokens_per_s']:.0f}, memory beyond {BYTES_OF_A_PARAMETER} bytes a "
            f"parameter {beyond / GIB:.1f} of its {torch_beyond / GIB:.1f} GiB")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("heddle")
    parser.add_argument("--python", default="python3", help="with PyTorch")
    arguments = parser.parse_args()
    shape = SHAPES[arguments.shape]
    layers = layers_that_fit(arguments.heddle, shape, gpu_bytes() - BESIDE)
    ours = run_heddle(arguments.heddle, shape, layers)
    theirs = run_torch(arguments.python, shape, layers)
    print(f"=> {arguments.shape}, {layers} layers, batch {shape.batch}: {ours['tokens_per_s']:.0f} tokens/s, "
          f"{ours['model_flops_per_s'] / 1e12:.0f} TFLOP/s, {ours['ratio_to_gemm']:.2f} of the product rate; "
          + (beside_torch(shape, ours, theirs) if theirs else "PyTorch not measured"))


if __name__ == "__main__":
    main()
