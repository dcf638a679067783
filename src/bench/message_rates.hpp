// Messages between two ranks and what all ranks do together.
#pragma once

#include <string>
#include <vector>

#include "heddle/comm/communicator.hpp"
#include "heddle/lanes/lane.hpp"
#include "machine_text.hpp"

namespace heddle::bench {

/// Adds what a [machine] says of them, and lines of the table. `hosts` are those of the ranks. Collective.
void add_message_rates(MachineReport& report, const comm::Communicator& ranks,
                       const std::vector<std::string>& hosts, const lanes::Lane& lane);

}  // namespace heddle::bench
