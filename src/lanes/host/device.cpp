// The host is the device: there is none beside it.
#include "heddle/lanes/device.hpp"

namespace heddle::lanes {

std::optional<Device> device() { return {}; }
std::optional<DeviceMemory> device_memory() { return {}; }

}  // namespace heddle::lanes
