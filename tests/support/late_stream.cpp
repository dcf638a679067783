#include "support/late_stream.hpp"

#include <fmt/format.h>

#include <cstring>
#include <new>

#include "heddle/base/error.hpp"
#include "heddle/lanes/lane.hpp"
#include "support/region.hpp"

namespace heddle::tests {
namespace {

constexpr std::align_val_t alignment{64};
constexpr unsigned char nan_byte = 0xff;

std::size_t size(std::int64_t bytes) { return static_cast<std::size_t>(bytes); }

}  // namespace

struct LateStream::Place final : lanes::Mark::Awaited {
  Place(std::shared_ptr<Queue> the_queue, std::int64_t the_number)
      : queue(std::move(the_queue)), number(the_number) {}
  bool passed() const override {
    const std::lock_guard hold(queue->mutex);
    want();
    return queue->done >= number;
  }
  /// On another stream's thread.
  void wait() const {
    std::unique_lock hold(queue->mutex);
    want();
    queue->changed.wait(hold, [this] { return queue->done >= number; });
  }
  /// Told once: who waits is woken for nothing otherwise, each time that somebody looks.
  void want() const {
    if (queue->wanted >= number) return;
    queue->wanted = number;
    queue->changed.notify_all();
  }
  lanes::Mark::Clock::time_point when() const override { return *time; }

  std::shared_ptr<Queue> queue;
  std::int64_t number;
  std::shared_ptr<lanes::Mark::Clock::time_point> time;  ///< of a moment
};

std::int64_t LateStream::Queue::add(Work one) {
  {
    const std::lock_guard hold(mutex);
    if (!closed) {
      work.push_back(std::move(one));
      return ++enqueued;
    }
  }
  one();  // what is left when all has ended
  return 0;
}

void LateStream::Queue::work_off(Reach reach) {
  for (std::unique_lock hold(mutex);;) {
    changed.wait(hold, [&] { return closed || done < wanted; });
    if (closed && work.empty()) return;
    std::optional<Region::Opened> opened;
    if (reach == Reach::apart) opened.emplace();
    do_one(hold);
    while (done < wanted) do_one(hold);
  }
}

void LateStream::Queue::do_one(std::unique_lock<std::mutex>& hold) {
  {
    const Work next = std::move(work.front());
    work.pop_front();
    hold.unlock();
    next();
  }
  hold.lock();
  ++done;
  changed.notify_all();
}

void LateStream::Queue::close() {
  const std::lock_guard hold(mutex);
  closed = true;
  changed.notify_all();
}

LateStream::LateStream(Reach reach)
    : reach_(reach), thread_([queue = queue_, reach] { queue->work_off(reach); }) {}

LateStream::~LateStream() {
  queue_->close();
  thread_.join();
}

void LateStream::run(std::function<void()> launch) {
  if (kept_) return kept_->push_back(std::move(launch));
  queue_->add(std::move(launch));
}

void LateStream::demand_no_recording(const char* what) const {
  if (kept_) throw Error(ExitCode::failure, fmt::format("{} while work is recorded", what));
}

/// It is replayed as one piece.
lanes::Recorded LateStream::record(const std::function<void()>& work) {
  demand_no_recording("a recording");
  if (may_keep_ && --*may_keep_ < 0) return {{}, "no memory is left"};
  const auto kept = std::make_shared<std::vector<Work>>();
  kept_ = kept.get();
  std::string thrown;
  try {
    work();
  } catch (const std::exception& error) {
    thrown = error.what();
  }
  kept_ = nullptr;
  if (!thrown.empty()) return {{}, thrown};
  return {[this, kept] {
            run([kept] {
              for (const Work& one : *kept) one();
            });
          },
          ""};
}

lanes::Mark LateStream::mark(const char* what) {
  demand_no_recording("a mark");
  waits_.insert(what);
  if (what == forgotten_) return {};
  const std::lock_guard hold(queue_->mutex);
  return lanes::Mark(std::make_shared<const Place>(queue_, queue_->enqueued));
}

lanes::Mark LateStream::moment() {
  demand_no_recording("a moment");
  const auto time = std::make_shared<lanes::Mark::Clock::time_point>();
  auto place = std::make_shared<Place>(queue_, queue_->add([time] { *time = lanes::Mark::Clock::now(); }));
  place->time = time;
  return lanes::Mark(std::move(place));
}

void LateStream::await(const lanes::Mark& mark) {
  demand_no_recording("a mark that is awaited");
  run([place = std::dynamic_pointer_cast<const Place>(mark.awaited())] { place->wait(); });
}

// It is given back when the lane has come to this, as a device does with what is freed on a stream.
/// Bytes behind memory, which stay as they are.
constexpr std::size_t border = 256;
static void expect_whole_border(const unsigned char* memory, std::size_t bytes) {
  for (std::size_t i = bytes; i < bytes + border; ++i)
    if (memory[i] != nan_byte) {
      fmt::print(stderr, "a lane's memory of {} bytes was written at byte {}\n", bytes, i);
      std::abort();
    }
}

std::shared_ptr<void> LateStream::allocate(std::int64_t bytes) {
  demand_no_recording("an allocation");
  if (reach_ != Reach::apart) return allocate_on_host(bytes);
  const Region::Opened opened;
  void* const data = Region::the().allocate(size(bytes));
  std::memset(data, nan_byte, size(bytes));
  return {data, [queue = queue_, bytes](void* gone) {
            queue->add([gone, bytes] { Region::the().free(gone, size(bytes)); });
          }};
}

std::shared_ptr<void> LateStream::allocate_on_host(std::int64_t bytes) {
  demand_no_recording("an allocation");
  void* const data = ::operator new(size(bytes) + border, alignment);
  std::memset(data, nan_byte, size(bytes) + border);
  return {data, [queue = queue_, bytes](void* gone) {
            queue->add([gone, bytes] {
              expect_whole_border(static_cast<const unsigned char*>(gone), size(bytes));
              ::operator delete(gone, alignment);
            });
          }};
}

void LateStream::copy(const void* from, void* to, std::int64_t bytes) {
  run([=] { std::memcpy(to, from, size(bytes)); });
}

void LateStream::copy_from_host(const void* host, void* to, std::int64_t bytes) {
  demand_no_recording("a copy from the host");
  const auto* const first = static_cast<const std::byte*>(host);
  run([staged = std::vector<std::byte>(first, first + bytes), to] {
    std::memcpy(to, staged.data(), staged.size());
  });
}

void LateStream::copy_to_host(const void* from, void* host, std::int64_t bytes) {
  demand_no_recording("a copy to the host");
  if (forgotten_ != "copy to the host") copy(from, host, bytes);
}

void LateStream::fill(void* to, unsigned char byte, std::int64_t bytes) {
  run([=] { std::memset(to, byte, size(bytes)); });
}

void LateStream::land(const lanes::Runs& runs, lanes::LandingTypes types, const void* from, void* to,
                      lanes::Landing landing) {
  run([=] { lanes::Lane().land(runs, types, from, to, landing); });
}

}  // namespace heddle::tests
