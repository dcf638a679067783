// Which device this process computes on, and what is taken of its memory: for reports.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace heddle::lanes {

struct Device {
  std::string name;  ///< "NVIDIA H200"
  std::string bus;   ///< PCI address, by which people find it: "0000:1B:00.0"
  std::string uuid;  ///< which no other GPU has, nor another part of one that is split: "GPU-f3c1..."
};
/// Nothing where the host is the device.
std::optional<Device> device();

/// Bytes of the whole device: of every process that uses it, contexts and libraries included.
struct DeviceMemory {
  std::int64_t taken = 0, total = 0;
};
/// Of this moment; nothing where the host is the device.
std::optional<DeviceMemory> device_memory();

}  // namespace heddle::lanes
