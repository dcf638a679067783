// The host is the device.
#include "heddle/lanes/lane.hpp"

namespace heddle::lanes {

Lane device_lane() { return {}; }

}  // namespace heddle::lanes
