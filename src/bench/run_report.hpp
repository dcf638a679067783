// What a bench says of the whole run: its speed beside the machine's, its memory, and what watching costs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "budget.hpp"
#include "heddle/exec/replays.hpp"
#include "overhead.hpp"

namespace heddle::bench {

struct RunReport {
  int ranks = 0;
  std::vector<double> steps;       ///< seconds of each, with events as in a run
  std::int64_t tokens = 0;         ///< of a step
  double flops = 0;                ///< the model's, of a step
  std::string formula;             ///< by which they are counted
  double product_rate = 0;         ///< FLOPs a second of all ranks together
  std::string precision;           ///< of these products
  MemoryUse memory;                ///< the largest of any rank
  exec::ReplayCount replays = {};  ///< of rank 0's last step without events
  Overhead overhead;
  std::vector<double> dearer;  ///< percent, of each step with events beside the one without

  double step() const;
  double flops_rate() const { return flops / step(); }
};

nlohmann::ordered_json object(const exec::ReplayCount& replays);
/// Lines of at most 120 columns.
std::string text(const RunReport& run);

}  // namespace heddle::bench
