// Streams, events and the thread that carries out what they hold, as a GPU would: when it likes, each stream in its order.
#pragma once
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace heddle::emulator {

/// False where it cannot be done yet.
using Work = std::function<bool()>;

struct Event {
  std::uint64_t recorded = 0, passed = 0;
  std::chrono::steady_clock::time_point when;
  bool captured = false, timed = true;
};

struct Stream {
  std::deque<Work> waiting;
  std::uint64_t enqueued = 0, done = 0;
  bool captures = false, spoilt = false;
  std::vector<Work> capture;
};

class Gpu {
 public:
  static Gpu& get();

  Stream* make();
  void destroy(Stream* stream);
  Stream* default_stream() { return &default_; }

  void enqueue(Stream* stream, Work work);
  void wait(Stream* stream);
  void wait_all();
  bool idle(Stream* stream);

  void begin_capture(Stream* stream);
  /// Nothing where a call came between that none may be captured with.
  std::unique_ptr<std::vector<Work>> end_capture(Stream* stream);

  void record(const std::shared_ptr<Event>& event, Stream* stream);
  void await(Stream* stream, const std::shared_ptr<Event>& event);
  bool passed(const std::shared_ptr<Event>& event);
  void wait(const std::shared_ptr<Event>& event);

 private:
  Gpu();
  void work();
  bool work_on_one(std::unique_lock<std::mutex>& guard, const std::vector<Stream*>& ready);
  std::vector<Stream*> ready();

  std::mutex lock_;
  std::condition_variable more_, progress_;
  std::vector<std::unique_ptr<Stream>> streams_;
  Stream default_;
};

}  // namespace heddle::emulator
