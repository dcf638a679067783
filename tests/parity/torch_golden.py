#!/usr/bin/env python3
"""What PyTorch makes of golden.toml: loss and gradients of a batch, then ten AdamW steps, in fp32, fp64 and bf16.

  torch_golden.py write golden.h5     draws weights and a batch, computes, writes
  torch_golden.py compare golden.h5   computes anew from the weights and the batch in the file, and compares

The file is a checkpoint as docs/checkpoint.md describes it, with torch's results beside the weights: fp32/, fp64/ and
bf16/ (of fp32 weights, under autocast), each with gradient/NAME, losses, gradient_norms and, but for bf16, final/NAME. GPT-2 is written here once more, with torch alone, so
that the two programs share the published model and the names of the parameters, and no code.
"""
import argparse
import math
import pathlib
import sys
import tomllib

try:
    import h5py
    import numpy as np
    import torch
    from torch.nn import functional as F
except ImportError as missing:
    print(f"skipped: {missing}; `make parity` brings PyTorch into a virtual environment of the build folder")
    sys.exit(77)

DECK = pathlib.Path(__file__).with_name("golden.toml")
DTYPES = {"fp32": torch.float32, "fp64": torch.float64, "bf16": torch.float32}
# How far results may lie from those of another torch on another machine; of bf16, docs/parity.md says why.
TOLERANCE = {"fp32": 1e-5, "fp64": 1e-12, "bf16": 4e-2}


def shapes(model):
    """Of all parameters, by Heddle's names."""
    width, heads, head_dim = model["width"], model["heads"], model["width"] // model["heads"]
    found = {"embedding.token": (model["vocabulary"], width), "embedding.position": (model["context"], width)}

    def norm(name):
        return {f"{name}.weight": (width,), f"{name}.bias": (width,)}

    for layer in range(model["layers"]):
        at = f"layers.{layer}."
        found |= norm(at + "norm1") | norm(at + "norm2")
        found |= {at + "attention.qkv.weight": (3, heads, head_dim, width),
                  at + "attention.qkv.bias": (3, heads, head_dim),
                  at + "attention.out.weight": (width, heads, head_dim), at + "attention.out.bias": (width,),
                  at + "mlp.up.weight": (4 * width, width), at + "mlp.up.bias": (4 * width,),
                  at + "mlp.down.weight": (width, 4 * width), at + "mlp.down.bias": (width,)}
    return found | norm("norm")


def decays(name):
    """Weight decay pulls matrices and embeddings, not biases and norms."""
    return not name.endswith(".bias") and "norm" not in name


def draw(deck):
    """Weights larger than a fresh model's, so that attention is far from even and no bias is zero; and a batch."""
    model, random = deck["model"], np.random.default_rng(2)
    weights = {}
    for name, shape in shapes(model).items():
        mean = 1.0 if "norm" in name and name.endswith(".weight") else 0.0
        std = 0.2 if decays(name) else 0.1
        weights[name] = (mean + std * random.standard_normal(shape)).astype(np.float32)
    tokens = random.integers(model["vocabulary"], size=(deck["train"]["batch"], model["context"] + 1))
    return weights, tokens


def loss(p, tokens, model):
    """GPT-2 (Radford et al. 2019) as its authors' code has it: pre-norm blocks, biases, tanh GELU, a tied head."""
    inputs, targets = tokens[:, :-1], tokens[:, 1:]
    batch, time = inputs.shape
    width, heads = model["width"], model["heads"]

    def norm(x, name):
        return F.layer_norm(x, (width,), p[name + ".weight"], p[name + ".bias"], model["norm_epsilon"])

    def linear(x, name):
        return F.linear(x, p[name + ".weight"].reshape(-1, x.shape[-1]), p[name + ".bias"].flatten())

    hidden = torch.ones(time, time, dtype=torch.bool).triu(1)

    x = F.embedding(inputs, p["embedding.token"]) + p["embedding.position"][:time]
    for layer in range(model["layers"]):
        at = f"layers.{layer}."
        qkv = linear(norm(x, at + "norm1"), at + "attention.qkv").view(batch, time, 3, heads, width // heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        scores = (q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])).masked_fill(hidden, -math.inf)
        attended = (scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, time, width)
        x = x + linear(attended, at + "attention.out")
        h = F.gelu(linear(norm(x, at + "norm2"), at + "mlp.up"), approximate="tanh")
        x = x + linear(h, at + "mlp.down")
    logits = norm(x, "norm") @ p["embedding.token"].T
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


def rates(deck):
    """A linear warm-up, then half a cosine, as nanoGPT's."""
    optimizer, steps = deck["optimizer"], deck["train"]["steps"]
    top, bottom, warmup = optimizer["rate"], optimizer["final_rate"], optimizer["warmup"]
    rise = [top * (step + 1) / (warmup + 1) for step in range(warmup)]
    fall = [0.5 * (1 + math.cos(math.pi * step / (steps - warmup))) for step in range(steps - warmup)]
    return rise + [bottom + (top - bottom) * way for way in fall]


def train(deck, weights, tokens, precision):
    """The same batch in every step. Gradients are those of the first step, before clipping."""
    p = {name: torch.tensor(w, dtype=DTYPES[precision], requires_grad=True) for name, w in weights.items()}
    settings = deck["optimizer"]
    decay = settings["weight_decay"]
    groups = [{"params": [w for name, w in p.items() if decays(name)], "weight_decay": decay},
              {"params": [w for name, w in p.items() if not decays(name)], "weight_decay": 0.0}]
    adamw = torch.optim.AdamW(groups, betas=(settings["beta1"], settings["beta2"]), eps=settings["epsilon"])
    results = {"losses": [], "gradient_norms": []}
    for step, rate in enumerate(rates(deck)):
        adamw.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16"):
            value = loss(p, torch.as_tensor(tokens), deck["model"])
        value.backward()
        if step == 0:
            results |= {f"gradient/{name}": w.grad.numpy().copy() for name, w in p.items()}
        norm = torch.nn.utils.clip_grad_norm_(p.values(), settings["clip"])
        for group in adamw.param_groups:
            group["lr"] = rate
        adamw.step()
        results["losses"].append(value.item())
        results["gradient_norms"].append(norm.item())
    if precision == "bf16":  # whose small gradients are rounding, and AdamW makes steps of their sign
        return results
    return results | {f"final/{name}": w.detach().numpy() for name, w in p.items()}


def compute(deck, weights, tokens):
    """Everything that torch has to say, by dataset name."""
    found = {"rates": np.array(rates(deck))}
    for name in DTYPES:
        for key, value in train(deck, weights, tokens, name).items():
            found[f"{name}/{key}"] = np.asarray(value)
    return found


def fixed(text):
    """A text of fixed length, as Heddle's files have them."""
    return np.array(text.encode(), dtype=h5py.string_dtype("utf-8", len(text.encode())))


def write(path, deck):
    weights, tokens = draw(deck)
    with h5py.File(path, "w", libver=("v108", "v110")) as file:
        file.attrs.update({"format": fixed("heddle checkpoint"), "version": 1, "step": 0, "samples": 0,
                           "torch": fixed(torch.__version__)})
        file.create_dataset("deck", data=fixed(DECK.read_text()))
        # Numbers in a checkpoint are floating-point: so are the tokens here. Nothing is compressed: of random digits
        # that gains less than chunks cost.
        numbers = {f"parameters/{name}": w for name, w in weights.items()} | {"tokens": tokens.astype(np.float32)}
        for name, data in (numbers | compute(deck, weights, tokens)).items():
            file.create_dataset(name, data=data)
        file.attrs["complete"] = 1
    print(f"{path}: torch {torch.__version__}, {sum(w.size for w in weights.values())} parameters")


def difference(a, b):
    return np.linalg.norm(np.subtract(a, b, dtype=np.float64)) / np.linalg.norm(b)


def without_key_bias(name, values):
    """A key's bias has no influence (softmax does not see a shift): its gradient is rounding, and AdamW makes steps
    of that."""
    return values[[0, 2]] if name.endswith("attention.qkv.bias") else values


def compare(path, deck):
    """Prints the worst relative difference of every kind of result, and fails above its tolerance."""
    with h5py.File(path) as file:
        if file["deck"][()].decode() != DECK.read_text():
            sys.exit(f"{path} was made from another golden.toml: write it again")
        weights = {name: w[:] for name, w in file["parameters"].items()}
        for name in DTYPES:
            worst = {}
            for key, value in train(deck, weights, file["tokens"][:].astype(np.int64), name).items():
                found = difference(*(without_key_bias(key, v) for v in (value, file[f"{name}/{key}"][()])))
                kind = key.split("/")[0]
                worst[kind] = max(worst.get(kind, 0), found)
            print(f"torch {torch.__version__}, {name}:", ", ".join(f"{kind} {value:.1e}" for kind, value in worst.items()))
            if max(worst.values()) > TOLERANCE[name]:
                sys.exit(f"{path}, made by torch {file.attrs['torch'].decode()}, is not what this torch computes")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["write", "compare"])
    parser.add_argument("file")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    deck = tomllib.loads(DECK.read_text())
    {"write": write, "compare": compare}[arguments.what](arguments.file, deck)


if __name__ == "__main__":
    main()
