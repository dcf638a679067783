// Where work is done: a lane is an ordered stream of kernels, copies and fills, on the host or on a device.
// Who enqueues work goes on at once; who needs its result hands the lane to what uses it (a kernel, a message
// of comm), or waits for a mark. Nothing here tells which device a build is for, nor names a library: callers
// need not change when one is added.
#pragma once

#include <cstddef>
#include <span>

#include "heddle/base/tensor.hpp"
#include "heddle/lanes/stream.hpp"

namespace heddle::lanes {

/// A tensor where the host may read it, and who owns that memory.
struct OnHost {
  Tensor tensor;
  std::shared_ptr<void> memory;
};

/// A handle; copies are the same lane. Work on one lane is done in the order in which it was enqueued; lanes
/// are not ordered among each other. On the host's lane everything is done when the call returns, on the
/// caller's thread, and every mark is passed.
class Lane {
 public:
  Lane() = default;  ///< the host's
  explicit Lane(std::shared_ptr<Stream> stream) : stream_(std::move(stream)) {}

  /// Enqueues what `launch` starts. It may be called later and elsewhere, so it holds what it needs by value.
  template <class Launch>
  void run(Launch&& launch) const {
    if (stream_)
      stream_->run(std::forward<Launch>(launch));
    else
      launch();
  }

  /// `from` and `to` are memory of the lane, or beside it (Memory::beside).
  void copy(const Tensor& from, const Tensor& to) const;
  void land(const Runs& runs, LandingTypes types, const void* from, void* to, Landing landing) const;
  /// Every byte of the tensor becomes `byte`; 0xff makes NaN of every float.
  void fill(void* data, std::int64_t bytes, unsigned char byte) const;
  void fill(const Tensor& tensor, unsigned char byte) const { fill(tensor.data, tensor.bytes(), byte); }

  /// As many bytes as the tensor has. They may change as soon as this returns.
  void copy_from_host(std::span<const std::byte> host, const Tensor& to) const;
  /// Waits until they are there.
  void copy_to_host(const Tensor& from, std::span<std::byte> host) const;
  /// Waits. The tensor itself where the lane is the host's, else a copy.
  OnHost on_host(const Tensor& tensor) const;
  /// A scalar as double. Waits.
  double read_scalar(const Tensor& tensor) const;

  /// Whether it keeps work to do it again and again.
  bool records() const { return stream_ && stream_->records(); }
  /// See Stream::record. Only where it records.
  Recorded record(const std::function<void()>& work) const { return stream_->record(work); }
  /// Says of work that is being enqueued that it must not be kept: it has arguments that are not its caller's, and that may change.
  void passes() const {
    if (stream_) ++stream_->passing;
  }
  /// How often it was said.
  std::int64_t passing() const { return stream_ ? stream_->passing : 0; }

  /// `what` will wait for it: for reports.
  Mark mark(const char* what) const { return stream_ ? stream_->mark(what) : Mark(); }
  /// A mark that knows when it was passed.
  Mark moment() const { return stream_ ? stream_->moment() : Mark(Mark::Clock::now()); }
  /// What is enqueued from now on is begun once `mark`, of a lane of the same device, is passed. The host goes on.
  void await(const Mark& mark) const {
    if (stream_ && mark.awaited()) stream_->await(mark);
  }
  /// Another lane of the same device.
  Lane beside() const { return stream_ ? Lane(stream_->beside()) : Lane(); }
  /// Waits on the host for all that was enqueued.
  void fence(const char* what) const { wait(mark(what), what); }
  void wait(const Mark& mark, const char* what) const;

  /// The host's waits for this lane go through `waiter` from now on: it asks again and again, and may
  /// watch over that.
  void wait_through(Stream::Waiter waiter) const;

  /// Whether the host reads and writes the memory of this lane itself.
  bool shares_memory() const { return !stream_ || stream_->shares_memory(); }

  /// Of a device; null: the host's.
  Stream* stream() const { return stream_.get(); }

 private:
  std::shared_ptr<Stream> stream_;
};

/// A lane of the device that this build is for.
Lane device_lane();

}  // namespace heddle::lanes
