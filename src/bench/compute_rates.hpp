// What a rank computes while all do: products, copies, attention, and what a kernel takes at the least.
#pragma once

#include "heddle/bench/machine.hpp"
#include "heddle/comm/communicator.hpp"
#include "heddle/lanes/lane.hpp"
#include "machine_text.hpp"

namespace heddle::bench {

/// Adds what a [machine] says of it, and lines of the table. Collective.
void add_compute_rates(MachineReport& report, const comm::Communicator& ranks, const lanes::Lane& lane,
                       const AttentionShape& attention);

}  // namespace heddle::bench
