#include "heddle/schedule/activations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace heddle::schedule {
namespace {

/// What a rank holds after each action of its row: `f(index, held)`.
template <class F>
void follow(const Row& row, double weight_memory, F&& f) {
  std::int64_t whole = 0, weights = 0;  // counted apart, so that no sum is rounded
  for (std::size_t index = 0; index < row.size(); ++index) {
    switch (row[index].kind) {
      case ActionKind::forward: ++whole; break;
      case ActionKind::backward: --whole; break;
      case ActionKind::backward_input:
        --whole;
        ++weights;
        break;
      case ActionKind::backward_weight: --weights; break;
      default: break;
    }
    f(index, static_cast<double>(whole) + static_cast<double>(weights) * weight_memory);
  }
}

}  // namespace

std::vector<double> peak_activations(const Schedule& schedule, double weight_memory) {
  std::vector<double> peaks;
  for (const Row& row : schedule.rows) {
    double& peak = peaks.emplace_back();
    follow(row, weight_memory, [&](std::size_t, double held) { peak = std::max(peak, held); });
  }
  return peaks;
}

double least_limit(const Schedule& schedule, double weight_memory) {
  const std::vector<double> peaks = peak_activations(schedule, weight_memory);
  double most = 0;
  for (const PipelineRank rank : first<PipelineRank>(schedule.ranks()))
    if (const auto stages = std::ranges::count(schedule.rank_of_stage, rank); stages > 0)
      most = std::max(most, peaks[static_cast<std::size_t>(int{rank})] / static_cast<double>(stages));
  return most;
}

std::optional<Problem> over_memory(const Schedule& schedule, double limit, double weight_memory) {
  constexpr double rounding = 1e-9;
  for (const PipelineRank rank : first<PipelineRank>(schedule.ranks())) {
    const double most = limit * static_cast<double>(std::ranges::count(schedule.rank_of_stage, rank));
    std::optional<Problem> problem;
    follow(schedule.rows[rank], weight_memory, [&](std::size_t index, double held) {
      if (problem || held <= most * (1 + rounding)) return;
      problem = {fmt::format("rank {}, action {} {} is over the memory limit", rank, index,
                             name(schedule.rows[rank][index])),
                 fmt::format("it makes {:g} activations of a stage, and the limit is {:g}", held, most)};
    });
    if (problem) return problem;
  }
  return {};
}

}  // namespace heddle::schedule
