// Figures of all ranks brought together in one report.
#pragma once

#include <optional>
#include <string>

#include "heddle/comm/communicator.hpp"
#include "machine_text.hpp"

namespace heddle::bench {

class OverRanks {
 public:
  /// Both must outlive it.
  OverRanks(const comm::Communicator& ranks, MachineReport& report) : ranks_(ranks), report_(report) {}

  /// Adds a line to the table, of the ranks that have a figure; some rank has. Returns their median. Collective.
  double figure(std::string what, Unit unit, std::optional<double> mine);
  void key(std::string name, double value, std::string remark);
  void key(std::string name, std::optional<std::string> value, std::string remark);

 private:
  const comm::Communicator& ranks_;
  MachineReport& report_;
};

}  // namespace heddle::bench
