// Schedules that several tests run.
#pragma once

#include <utility>
#include <vector>

#include "heddle/schedule/communication.hpp"
#include "heddle/schedule/gpipe.hpp"
#include "heddle/schedule/one_f_one_b.hpp"
#include "heddle/schedule/text.hpp"

namespace heddle::schedule {

/// With communication and the end of the step.
inline Schedule lowered(const Schedule& compute) { return finish_step(add_communication(compute)); }

/// Four stages in a V over two ranks, backward split into I and W.
inline Schedule v_shaped() {
  return read_schedule(
      "0F0,0F1,3F0,3I0,3W0,3F1,3I1,3W1,0B0,0B1\n"
      "1F0,2F0,1F1,2F1,2I0,1I0,2I1,1I1,2W0,1W0,2W1,1W1\n");
}

/// Everything from one rank to many, with fewer and more microbatches than stages.
inline std::vector<Schedule> many_schedules() {
  std::vector<Schedule> schedules;
  for (const auto& [stages, microbatches] : {std::pair(1, 1),
                                             {1, 5},
                                             {2, 1},
                                             {2, 2},
                                             {2, 8},
                                             {3, 4},
                                             {4, 2},
                                             {4, 8},
                                             {5, 3},
                                             {8, 4},
                                             {8, 32},
                                             {16, 17}}) {
    schedules.push_back(lowered(gpipe(stages, microbatches)));
    schedules.push_back(lowered(one_f_one_b(stages, microbatches)));
  }
  schedules.push_back(lowered(v_shaped()));
  return schedules;
}

}  // namespace heddle::schedule
