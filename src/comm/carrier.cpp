#include "heddle/comm/carrier.hpp"

#include <utility>

namespace heddle::comm {

std::string choose_carrier(World& world, const lanes::Lane& lane) {
  Carrier found = carrier(world.all(), lane);
  world.send_through(std::move(found.library));
  return found.said;
}

}  // namespace heddle::comm
