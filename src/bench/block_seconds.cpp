#include "block_seconds.hpp"

#include "sampling.hpp"

namespace heddle::bench {

std::vector<double> block_seconds(const passes::Program& program, const Stopwatch& watch, int microbatches) {
  ById<graph::BlockId, std::vector<double>> samples(program.graph.blocks.size());
  for (const Stopwatch::Step& step : watch.steps()) {
    ById<graph::BlockId, double> sums(samples.size(), 0.0);
    for (std::size_t node = 0; node < program.graph.nodes.size(); ++node)
      if (!graph::once_a_step(program.graph.nodes[node].phase))
        sums[program.graph.nodes[node].block] += step[node].seconds;
    for (const graph::BlockId block : samples.ids()) samples[block].push_back(sums[block] / microbatches);
  }
  std::vector<double> seconds;
  for (const std::vector<double>& sample : samples) seconds.push_back(sample.empty() ? 0.0 : median(sample));
  return seconds;
}

}  // namespace heddle::bench
