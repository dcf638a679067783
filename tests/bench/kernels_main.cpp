// Runs the kernels' benchmarks within one run of Kokkos, on one thread unless OMP_NUM_THREADS says otherwise.
#include <benchmark/benchmark.h>

#include "heddle/kernels/runtime.hpp"

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  const heddle::kernels::Runtime runtime;
  benchmark::RunSpecifiedBenchmarks();
}
