#include "block_seconds.hpp"

#include "budget.hpp"

namespace heddle::bench {

std::vector<double> block_seconds(const passes::Program& program, const Stopwatch& watch, int microbatches) {
  std::vector<std::vector<double>> samples(program.graph.blocks.size());
  for (const Stopwatch::Step& step : watch.steps()) {
    std::vector<double> sums(samples.size(), 0.0);
    for (std::size_t node = 0; node < program.graph.nodes.size(); ++node)
      if (!graph::once_a_step(program.graph.nodes[node].phase))
        sums[static_cast<std::size_t>(program.graph.nodes[node].block)] += step[node].seconds;
    for (std::size_t block = 0; block < samples.size(); ++block)
      samples[block].push_back(sums[block] / microbatches);
  }
  std::vector<double> seconds;
  for (const std::vector<double>& sample : samples) seconds.push_back(sample.empty() ? 0.0 : median(sample));
  return seconds;
}

}  // namespace heddle::bench
