// What a device is to the rest of Heddle: how work is enqueued on it, and the memory that this work reaches.
// The host has none; a device's stands in src/lanes/<device>, that of the tests in
// tests/support/late_stream.hpp.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "heddle/base/dtype.hpp"
#include "heddle/lanes/mark.hpp"

namespace heddle::lanes {

/// `length` elements in a row that lie at element `from` of one piece of memory and go to element
/// `to` of another.
struct Run {
  std::int64_t from, to, length;
};
/// Shared, since work may outlive who enqueued it.
using Runs = std::shared_ptr<const std::vector<Run>>;
/// What lands replaces what lay there, is added to it, or makes log(exp a + exp b) of both, whichever came first.
enum class Landing { replace, add, log_add };
/// The number types of what lands and of where it lands.
struct LandingTypes {
  DType from, to;
};

/// Who listens to the names of what the host enqueues; see range.hpp. Each `end` is of the last that has begun.
class Ranges {
 public:
  virtual ~Ranges() = default;
  virtual void begin(const std::string& name) = 0;
  virtual void end() = 0;
};

/// What a stream makes of work that it was to keep.
struct Recorded {
  /// Enqueues all of it, with the arguments that it was recorded with; as often as wanted. Empty: it could not be kept.
  std::function<void()> replay;
  std::string refused;  ///< why
};

/// Everything but `allocate` is enqueued: it is done in this order, and the caller goes on.
class Stream {
 public:
  /// To wait on the host until `mark` is passed; `what` waits for it.
  using Waiter = std::function<void(const char* what, const Mark& mark)>;

  virtual ~Stream() = default;

  /// Calls `launch`, at once or when its turn comes; what it starts is the work.
  virtual void run(std::function<void()> launch) = 0;
  virtual Mark mark(const char* what) = 0;
  /// A mark that knows when it was passed.
  virtual Mark moment() = 0;
  /// What is enqueued from now on is begun once `mark`, of a stream of the same device, is passed.
  virtual void await(const Mark& mark) = 0;
  /// Another stream of the same device, which reaches the same memory.
  virtual std::shared_ptr<Stream> beside() const = 0;
  /// Bytes aligned to 64; throws Error where there are none.
  virtual std::shared_ptr<void> allocate(std::int64_t bytes) = 0;
  /// The same of the host's memory, where copies reach it best.
  virtual std::shared_ptr<void> allocate_on_host(std::int64_t bytes) = 0;
  /// Between memory that is the stream's, of either kind.
  virtual void copy(const void* from, void* to, std::int64_t bytes) = 0;
  /// The host's bytes may change as soon as it returns.
  virtual void copy_from_host(const void* host, void* to, std::int64_t bytes) = 0;
  /// The host's bytes are there when a later mark is passed.
  virtual void copy_to_host(const void* from, void* host, std::int64_t bytes) = 0;
  virtual void fill(void* to, unsigned char byte, std::int64_t bytes) = 0;
  /// Types differ only as bf16 and fp32 do. Nothing is added to bf16, which would round each term.
  virtual void land(const Runs& runs, LandingTypes types, const void* from, void* to, Landing landing) = 0;
  /// Whether it keeps work.
  virtual bool records() const { return false; }
  /// Calls `work`, and keeps what that enqueues instead of doing it. While it does, nothing may be allocated or freed, marked or
  /// awaited, nor copied from or to memory of the host's.
  virtual Recorded record(const std::function<void()>& /*work*/) { return {{}, "this stream keeps nothing"}; }
  /// Whether the host, and so a message library, reads and writes the lane's memory itself.
  virtual bool shares_memory() const { return true; }
  /// What the kernels' library enqueues on: Kokkos' instance of an execution space.
  virtual void* native() { return nullptr; }
  /// What a message library of the device enqueues on: the device's own stream.
  virtual void* queue() { return nullptr; }

  Waiter waiter;             ///< null: the host asks again and again
  Ranges* ranges = nullptr;  ///< of a profiler; null: none listens
  std::int64_t passing = 0;  ///< pieces of work that must not be kept, see Lane::passes
};

}  // namespace heddle::lanes
