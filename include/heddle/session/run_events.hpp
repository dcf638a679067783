// What a rank's run.h5 is told of every action.
#pragma once

#include <vector>

#include "heddle/exec/observer.hpp"
#include "heddle/io/run_rows.hpp"

namespace heddle::session {

class RunEvents final : public exec::Observer {
 public:
  void step_begins(std::int64_t step) override { step_ = step + 1; }
  void action_ended(const schedule::Event& event) override { rows.push_back({step_, event}); }

  std::vector<io::EventRow> rows;

 private:
  std::int64_t step_ = 0;
};

}  // namespace heddle::session
