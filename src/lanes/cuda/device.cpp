// What CUDA says of the GPU of this process.
#include "heddle/lanes/device.hpp"

#include <array>

#include "call.hpp"

namespace heddle::lanes {

std::optional<Device> device() {
  int number = 0;
  cudaDeviceProp properties;
  std::array<char, 64> bus{};
  cuda::check(cudaGetDevice(&number), "cudaGetDevice");
  cuda::check(cudaGetDeviceProperties(&properties, number), "cudaGetDeviceProperties");
  cuda::check(cudaDeviceGetPCIBusId(bus.data(), static_cast<int>(bus.size()), number),
              "cudaDeviceGetPCIBusId");
  return Device{properties.name, bus.data()};
}

std::optional<DeviceMemory> device_memory() {
  std::size_t free = 0, total = 0;
  cuda::check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
  return DeviceMemory{static_cast<std::int64_t>(total - free), static_cast<std::int64_t>(total)};
}

}  // namespace heddle::lanes
