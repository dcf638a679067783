// A made-up run of 2 pipeline x 2 tensor ranks, as tests of run files and of analysis/ need one.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "heddle/io/run_file.hpp"

namespace heddle::io {

inline RunHeader example_header() {
  RunHeader header;
  header.run = "00c0ffee00c0ffee";
  header.deck_given = "[model]\nlayers = 2  # f\xC3\xBCr Elise\n";
  header.overrides = {"grid.tensor=2", "train.steps=200"};
  header.deck_resolved =
      std::string(70'000, '#') + "\n[model]\nlayers = 2\n";  // longer than an attribute may be
  header.hosts = {"loom1", "loom1", "loom-22", "loom-22"};
  header.grid = maps::Grid({1, 2, 2}, {maps::Axis::pipeline, maps::Axis::data, maps::Axis::tensor});
  header.vocabulary = {TokenKind::character, 3, {'a', 0xE9, 0x1F9F5}};
  header.parameters = 1'234'567;
  header.flops_per_step = 3.5e12;
  header.messages = "by NCCL 2.28.3";
  header.actions = {"0F0,0F1,0B0", "1F0"};
  for (int rank = 0; rank < 4; ++rank)
    for (auto [region, mib] :
         {std::pair{"parameters", 40}, {"gradients", 40}, {"optimizer", 80}, {"arena", 96 - 32 * (rank / 2)}})
      header.memory.push_back({rank, region, std::int64_t{mib} << 20});
  return header;
}

inline StepRow example_step(std::int64_t step) {
  StepRow row;
  row.step = step;
  const double progress = static_cast<double>(step);
  row.loss = 1.5 + 2.7 * std::exp(-progress / 40) + 0.05 * std::sin(progress * 1.7);
  if (step % 25 == 0) row.validation_loss = 1.6 + 2.7 * std::exp(-progress / 40);
  row.rate = 1e-3 * std::min(1.0, progress / 20) * (0.55 + 0.45 * std::cos(progress / 200 * 3.14159));
  row.gradient_norm = 0.4 + 2 * std::exp(-progress / 20) + 0.1 * std::cos(progress * 2.3);
  row.tokens = step * 8192;
  row.seconds = 0.1 * progress;
  return row;
}

/// 1F1B of two stages and four microbatches on rank `rank` of four, tensor fastest.
inline std::vector<EventRow> example_events(std::int64_t number, int rank) {
  using schedule::ActionKind;
  struct Cell {
    ActionKind kind;
    int microbatch;
    double begin, end;  // in hundredths of a step
  };
  using enum ActionKind;
  static const std::vector<Cell> first = {{forward, 0, 0, 8},
                                          {send_forward, 0, 8, 9},
                                          {forward, 1, 9, 17},
                                          {send_forward, 1, 17, 18},
                                          {receive_backward, 0, 26, 28},
                                          {backward, 0, 28, 44},
                                          {forward, 2, 44, 52},
                                          {send_forward, 2, 52, 53},
                                          {receive_backward, 1, 53, 54},
                                          {backward, 1, 54, 70},
                                          {forward, 3, 70, 78},
                                          {send_forward, 3, 78, 79},
                                          {backward, 2, 79, 87},
                                          {receive_backward, 3, 89, 90},
                                          {backward, 3, 90, 96},
                                          {reduce_gradients, -1, 96, 98},
                                          {step, -1, 98, 99}};
  static const std::vector<Cell> second = {
      {receive_forward, 0, 8, 10}, {forward, 0, 10, 18},           {backward, 0, 18, 26},
      {send_backward, 0, 26, 27},  {forward, 1, 27, 35},           {backward, 1, 35, 51},
      {send_backward, 1, 51, 52},  {receive_forward, 2, 52, 54},   {forward, 2, 54, 62},
      {backward, 2, 62, 78},       {receive_forward, 3, 78, 79},   {forward, 3, 79, 83},
      {backward, 3, 83, 89},       {reduce_gradients, -1, 96, 98}, {step, -1, 98, 99}};
  std::vector<EventRow> rows;
  const double start = 0.1 * static_cast<double>(number - 1);
  for (const auto& cell : rank / 2 == 0 ? first : second)
    rows.push_back({number,
                    {{cell.kind, Stage(rank / 2), cell.microbatch, 0},
                     start + 1e-3 * cell.begin,
                     start + 1e-3 * cell.end}});
  return rows;
}

inline std::vector<std::vector<EventRow>> example_events(std::int64_t step) {
  std::vector<std::vector<EventRow>> ranks;
  for (int rank = 0; rank < 4; ++rank) ranks.push_back(example_events(step, rank));
  return ranks;
}

inline void write_example_run(const std::string& path, int steps, int flush_every) {
  RunFile file(path, example_header());
  for (int step = 1; step <= steps; ++step) {
    file.add(example_step(step));
    file.add(example_events(step));
    if (step % flush_every == 0) file.flush();
  }
  file.finish();
}

}  // namespace heddle::io
