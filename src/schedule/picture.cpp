#include "heddle/schedule/picture.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace heddle::schedule {
namespace {

/// Which of its rank's stages an action's is, from 0.
int chunk_of(Stage stage, const ById<Stage, PipelineRank>& rank_of_stage) {
  return static_cast<int>(
      std::count(rank_of_stage.begin(), rank_of_stage.begin() + stage, rank_of_stage[stage]));
}

std::string letter(const Action& action, const ById<Stage, PipelineRank>& rank_of_stage) {
  const char one = name(action.kind).front();
  const bool small = chunk_of(action.stage, rank_of_stage) % 2 == 1;
  return {small ? static_cast<char>(std::tolower(static_cast<unsigned char>(one))) : one};
}

std::string short_name(const Action& action, bool one_stage_a_rank) {
  const std::string whole = name(action);
  return one_stage_a_rank ? whole.substr(whole.find_first_not_of("0123456789")) : whole;
}

}  // namespace

std::string picture(const Cells& clocks, const ById<Stage, PipelineRank>& rank_of_stage, std::size_t width) {
  const bool alone = rank_of_stage.size() == clocks.size();
  std::size_t longest = 1, columns = 0;
  for (const auto& row : clocks) {
    columns = std::max(columns, row.size());
    for (const Cell& cell : row)
      if (cell) longest = std::max(longest, short_name(*cell, alone).size());
  }
  const bool named = columns * (longest + 1) <= width;
  const std::size_t left_out = columns > width ? columns - width : 0, from = width / 2;
  std::string text;
  for (const PipelineRank rank : clocks.ids()) {
    std::string line = fmt::format("{:>4} ", rank);
    for (std::size_t clock = 0; clock < clocks[rank].size(); ++clock) {
      if (left_out > 0 && clock == from) {
        line += " ~ ";
        clock += left_out;
        if (clock >= clocks[rank].size()) break;
      }
      const Cell& cell = clocks[rank][clock];
      if (named)
        line += fmt::format(" {:<{}}", cell ? short_name(*cell, alone) : ".", longest);
      else
        line += cell ? letter(*cell, rank_of_stage) : ".";
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
  }
  if (left_out > 0)
    text +=
        fmt::format("{} of the {} steps are left out where lines have `~`; --format svg or csv has them\n",
                    left_out, columns);
  return text;
}

}  // namespace heddle::schedule
