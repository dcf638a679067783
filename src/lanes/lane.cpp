#include "heddle/lanes/lane.hpp"

#include <cstring>
#include <thread>
#include <utility>

#include "heddle/lanes/memory.hpp"
#include "landing.hpp"

namespace heddle::lanes {

void Lane::copy(const Tensor& from, const Tensor& to) const {
  HEDDLE_EXPECT(from.bytes() == to.bytes());
  if (from.data == to.data || from.bytes() == 0) return;
  if (stream_) return stream_->copy(from.data, to.data, from.bytes());
  std::memcpy(to.data, from.data, static_cast<std::size_t>(from.bytes()));
}

void Lane::land(const Runs& runs, LandingTypes types, const void* from, void* to, Landing landing) const {
  if (stream_) return stream_->land(runs, types, from, to, landing);
  host::land(*runs, types, from, to, landing);
}

void Lane::fill(void* data, std::int64_t bytes, unsigned char byte) const {
  if (bytes == 0) return;
  if (stream_) return stream_->fill(data, byte, bytes);
  std::memset(data, byte, static_cast<std::size_t>(bytes));
}

void Lane::copy_from_host(std::span<const std::byte> host, const Tensor& to) const {
  HEDDLE_EXPECT(static_cast<std::int64_t>(host.size()) == to.bytes());
  if (host.empty()) return;
  if (stream_) return stream_->copy_from_host(host.data(), to.data, to.bytes());
  std::memcpy(to.data, host.data(), host.size());
}

void Lane::copy_to_host(const Tensor& from, std::span<std::byte> host) const {
  HEDDLE_EXPECT(static_cast<std::int64_t>(host.size()) == from.bytes());
  if (host.empty()) return;
  if (!stream_) return static_cast<void>(std::memcpy(host.data(), from.data, host.size()));
  fence(
      "copy to the host");  // to memory that is not pinned a GPU's copy waits by itself, where nobody watches
  stream_->copy_to_host(from.data, host.data(), from.bytes());
  fence("copy to the host");
}

OnHost Lane::on_host(const Tensor& tensor) const {
  if (!stream_ || !tensor.data) return {tensor, owner_of(tensor.data)};
  const Memory memory(tensor.bytes());
  const Tensor there{memory.data(), tensor.dtype, tensor.shape};
  copy_to_host(tensor, {static_cast<std::byte*>(there.data), static_cast<std::size_t>(there.bytes())});
  return {there, owner_of(there.data)};
}

double Lane::read_scalar(const Tensor& tensor) const {
  return with_real(tensor.dtype, [&](auto value) {
    copy_to_host(tensor, std::as_writable_bytes(std::span(&value, 1)));
    return static_cast<double>(value);
  });
}

void Lane::wait(const Mark& mark, const char* what) const {
  if (mark.passed()) return;
  if (stream_->waiter) return stream_->waiter(what, mark);
  while (!mark.passed()) std::this_thread::yield();
}

void Lane::wait_through(Stream::Waiter waiter) const {
  if (stream_) stream_->waiter = std::move(waiter);
}

}  // namespace heddle::lanes
