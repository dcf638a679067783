// What CUDA says of the GPU of this process.
#include "heddle/lanes/device.hpp"

#include <array>
#include <string_view>

#include "heddle/lanes/cuda/call.hpp"

namespace heddle::lanes {
namespace {

/// As nvidia-smi -L has it.
std::string text(const cudaUUID_t& uuid) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text = "GPU-";
  for (std::size_t i = 0; i < sizeof uuid.bytes; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    const auto byte = static_cast<unsigned char>(uuid.bytes[i]);
    text += digits[byte / 16];
    text += digits[byte % 16];
  }
  return text;
}

}  // namespace

std::optional<Device> device() {
  int number = 0;
  cudaDeviceProp properties;
  std::array<char, 64> bus{};
  cuda::check(cudaGetDevice(&number), "cudaGetDevice");
  cuda::check(cudaGetDeviceProperties(&properties, number), "cudaGetDeviceProperties");
  cuda::check(cudaDeviceGetPCIBusId(bus.data(), static_cast<int>(bus.size()), number),
              "cudaDeviceGetPCIBusId");
  return Device{properties.name, bus.data(), text(properties.uuid)};
}

std::optional<DeviceMemory> device_memory() {
  std::size_t free = 0, total = 0;
  cuda::check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
  return DeviceMemory{static_cast<std::int64_t>(total - free), static_cast<std::int64_t>(total)};
}

}  // namespace heddle::lanes
