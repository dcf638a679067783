// Two ranges, one in the other, as a profiler gets them; needs no GPU.
#include <cstdio>

#include "../../src/lanes/cuda/nvtx.hpp"

int main() {
  heddle::lanes::Ranges* const ranges = heddle::lanes::cuda::nvtx_ranges();
  if (!ranges) return std::puts("no profiler listens"), 0;
  ranges->begin("2F0");
  ranges->begin("2F0.attention layers.3.attention");
  ranges->end();
  ranges->end();
}
