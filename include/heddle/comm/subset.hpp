// Part of a group of ranks: the stages that hold a tied weight, say.
#pragma once

#include "heddle/comm/communicator.hpp"

namespace heddle::comm {

enum class Membership { member, outsider };

/// Collective over `parent`. The members form one communicator in the order of their ranks; each
/// outsider is alone.
Communicator subset(const Communicator& parent, Membership membership);

}  // namespace heddle::comm
