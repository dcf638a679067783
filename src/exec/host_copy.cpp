#include "heddle/exec/host_copy.hpp"

#include "heddle/kernels/kokkos_compat.hpp"

namespace heddle::exec {
namespace {

template <class Memory, class Byte>
using Bytes = Kokkos::View<Byte*, Memory, Kokkos::MemoryTraits<Kokkos::Unmanaged>>;

}  // namespace

void copy_to_lane(std::span<const std::byte> host, const Tensor& to) {
  HEDDLE_EXPECT(static_cast<std::int64_t>(host.size()) == to.bytes());
  Kokkos::deep_copy(Bytes<kernels::MemorySpace, std::byte>(static_cast<std::byte*>(to.data), host.size()),
                    Bytes<Kokkos::HostSpace, const std::byte>(host.data(), host.size()));
}

void copy_to_host(const Tensor& from, std::span<std::byte> host) {
  HEDDLE_EXPECT(static_cast<std::int64_t>(host.size()) == from.bytes());
  Kokkos::deep_copy(
      Bytes<Kokkos::HostSpace, std::byte>(host.data(), host.size()),
      Bytes<kernels::MemorySpace, const std::byte>(static_cast<const std::byte*>(from.data), host.size()));
}

void fill_bytes(const Tensor& tensor, unsigned char byte) {
  Kokkos::deep_copy(Bytes<kernels::MemorySpace, unsigned char>(static_cast<unsigned char*>(tensor.data),
                                                               static_cast<std::size_t>(tensor.bytes())),
                    byte);
}

double read_scalar(const Tensor& tensor) {
  return with_real(tensor.dtype, [&](auto value) {
    copy_to_host(tensor, std::as_writable_bytes(std::span(&value, 1)));
    return static_cast<double>(value);
  });
}

}  // namespace heddle::exec
