#!/usr/bin/env python3
"""GPT-2 in PyTorch, as people write it: training steps on random tokens, timed. Prints one JSON line.

  torch_gpt2.py --layers 6 --width 384 --heads 6 --seq 256 --batch 8 --steps 5
  torchrun --nproc-per-node 2 torch_gpt2.py --mode ddp ...        # that batch on every rank, gloo
  torch_gpt2.py --device cuda --dtype bf16 --compile whole --clip 1 ...   # fused AdamW; the peak of the GPU's memory is told
"""
import argparse
import json
import os
import statistics
import time

import torch
from torch import nn
from torch.nn import functional as F

SIZES = {"layers": 6, "width": 384, "heads": 6, "seq": 256, "batch": 8, "vocab": 50257, "steps": 5, "warmup": 1,
         "threads": 1}


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        q, k, v = (t.unflatten(-1, (self.heads, -1)).transpose(1, 2) for t in self.qkv(self.norm1(x)).chunk(3, -1))
        attended = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(attended.transpose(1, 2).flatten(-2))
        return x + self.down(F.gelu(self.up(self.norm2(x)), approximate="tanh"))


class Gpt2(nn.Module):
    """Learned positions, pre-norm blocks with biases, tanh GELU, a tied head (Radford et al. 2019)."""

    def __init__(self, size):
        super().__init__()
        self.token, self.position = nn.Embedding(size.vocab, size.width), nn.Embedding(size.seq, size.width)
        self.blocks = nn.Sequential(*(Block(size.width, size.heads) for _ in range(size.layers)))
        self.norm = nn.LayerNorm(size.width)
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.normal_(p, std=0.02)

    def forward(self, tokens, targets):
        x = self.token(tokens) + self.position.weight[:tokens.shape[1]]
        return self.loss(self.blocks(x), targets)

    def loss(self, x, targets):
        logits = F.linear(self.norm(x), self.token.weight)
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


def compile_parts(model, parts):
    """`whole` takes a minute or more for tens of layers; `blocks` compiles one layer and what lies behind the last."""
    if parts == "whole":
        model.compile()
    elif parts == "blocks":
        for block in model.blocks:
            block.compile()
        model.loss = torch.compile(model.loss)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in SIZES.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--mode", choices=["single", "ddp"], default="single")
    parser.add_argument("--dtype", choices=["fp32", "bf16"], default="fp32", help="bf16: autocast of fp32 parameters")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--compile", choices=["no", "blocks", "whole"], default="no")
    parser.add_argument("--clip", type=float, default=0, help="of the gradient's norm; 0: none")
    size = parser.parse_args()
    torch.set_num_threads(size.threads)
    on_gpu = size.device == "cuda"
    with torch.device(size.device):
        model = Gpt2(size)
    compile_parts(model, size.compile)
    if size.mode == "ddp":
        torch.distributed.init_process_group("gloo")
        model = nn.parallel.DistributedDataParallel(model)
    rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4, betas=(0.9, 0.95), weight_decay=0.1, fused=on_gpu)
    tokens = torch.randint(size.vocab, (size.batch, size.seq + 1), generator=torch.Generator().manual_seed(rank))
    inputs, targets = tokens[:, :-1].contiguous().to(size.device), tokens[:, 1:].contiguous().to(size.device)

    seconds = []
    for _ in range(size.warmup + size.steps):
        begin = time.perf_counter()
        optimizer.zero_grad()
        with torch.autocast(size.device, dtype=torch.bfloat16, enabled=size.dtype == "bf16"):
            loss = model(inputs, targets)
        loss.backward()
        if size.clip:
            nn.utils.clip_grad_norm_(model.parameters(), size.clip)
        optimizer.step()
        if on_gpu:
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - begin)
    if rank == 0:
        step = statistics.median(seconds[size.warmup:])
        print(json.dumps({"peer": f"torch {torch.__version__}", "mode": size.mode, "world": world, "step_s": step,
                          "tokens_per_s": world * inputs.numel() / step}
                         | ({"device_bytes": torch.cuda.max_memory_allocated()} if on_gpu else {})))
    if size.mode == "ddp":
        torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main()
