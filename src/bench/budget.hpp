// Where a rank's step goes: seconds, FLOPs, bytes and floor of every op, and of what is no op.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "heddle/base/cost.hpp"
#include "heddle/session/trainer.hpp"
#include "stopwatch.hpp"

namespace heddle::bench {

/// One line: what a step of this rank spends on one kind of work.
struct BudgetRow {
  std::string name;
  int calls = 0;
  double seconds = 0;                ///< a step, the mean over the middle half of the steps
  Cost cost = {};                    ///< of a map or a message: the bytes that it hands over
  std::optional<double> floor = {};  ///< seconds; none where the time hangs on other ranks alone
};

/// Bytes taken of a device, by all who use it: before this run's set-up, after it, and after the steps.
struct DeviceUse {
  std::int64_t start = 0, set_up = 0, end = 0, total = 0;
};
/// Bytes: of the plan, of the memory made for it, and the most that the process has had resident of the host's.
struct MemoryUse {
  std::int64_t planned = 0, allocated = 0, resident = 0;
  std::optional<DeviceUse> device = {};  ///< none where the host is the device
};
/// Of each number the larger.
MemoryUse larger(const MemoryUse& a, const MemoryUse& b);

struct Budget {
  Rank rank = 0;
  PipelineRank pipeline_rank;
  std::vector<Stage> stages = {};  ///< that the rank holds
  Rates rates;
  std::vector<BudgetRow> rows;  ///< the longest first, then "rest": what lies between the pieces
  BudgetRow step;               ///< all of it
  MemoryUse memory = {};
};

enum class Detail { by_op, by_tensor };  ///< a row an op, or a row an op and tensor, the layers together

/// From steps timed with `watch` that took `step_seconds` each. Measures each map and message
/// by itself: collective.
Budget budget(const session::Trainer& trainer, const Rates& rates, const Stopwatch& watch,
              const std::vector<double>& step_seconds, Detail detail);

/// As a table of at most 120 columns, and as JSON objects.
std::string table(const Budget& budget);
nlohmann::ordered_json object(const Budget& budget);
nlohmann::ordered_json object(const MemoryUse& memory);

}  // namespace heddle::bench
