// One range of addresses, in which all lies that a kernel may reach:
//   device   what cudaMalloc gives: closed to the host, who dies of a touch; kernels go through an alias of it
//   pinned   the host's, open to both
//   own      the emulator's: parameters, shared and local memory
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>

namespace heddle::emulator {

/// What an emulated GPU says it has.
constexpr std::size_t device_bytes = std::size_t{8} << 30;

/// By which another process finds an allocation.
struct SharedAllocation {
  int process, file;
  std::uint64_t bytes;
};

void* allocate_on_device(std::size_t bytes);
void free_on_device(void* device);
std::size_t device_bytes_in_use();
std::optional<SharedAllocation> share(const void* device);
void* open_shared(const SharedAllocation& shared);

void* allocate_pinned(std::size_t bytes);
void free_pinned(void* pinned);
/// Memory of the host's own that is pinned where it lies.
void pin(void* host, std::size_t bytes);
void unpin(void* host);

char* allocate_own(std::size_t bytes);

enum class Place { host, pinned, device };
/// Of any address.
Place place_of(const void* address);

/// Where the emulator itself reads or writes so many bytes that the device's address names; null where a kernel has none.
char* reach(std::uint64_t address, std::size_t bytes);
char* reach(const void* address, std::size_t bytes);
/// The same, and host memory is reached as it is.
char* reach_any(const void* address, std::size_t bytes);

}  // namespace heddle::emulator
