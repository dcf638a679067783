#include "support/peer_double.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <cstring>
#include <ctime>
#include <thread>

#include "heddle/base/error.hpp"

namespace heddle::tests {
namespace {

/// A file of memory that a process has open: without a name, so that none is left behind where a test ends early.
struct Name {
  pid_t process;
  int file;
  std::int64_t bytes;
};
static_assert(sizeof(Name) <= sizeof(comm::PeerMemory::Handle));

std::shared_ptr<void> mapped(int file, std::int64_t length) {
  const auto bytes = static_cast<std::size_t>(length);
  void* const data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  HEDDLE_EXPECT(data != MAP_FAILED);
  return {data, [bytes](void* gone) { munmap(gone, bytes); }};
}

/// Waits as a device does: nobody's core is taken meanwhile. Who wrote without waking is seen a little later.
void wait_for(const comm::PeerMemory::Count& count) {
  const std::atomic_ref number(*count.at);
  const timespec a_while{0, 2'000'000};
  for (;;) {
    const std::uint32_t now = number.load(std::memory_order_acquire);
    if (static_cast<std::int32_t>(now - count.value) >= 0) return;
    syscall(SYS_futex, count.at, FUTEX_WAIT, now, &a_while, nullptr, 0);
  }
}

template <class T>
void add_up(const std::vector<const void*>& terms, const Tensor& sum) {
  for (std::int64_t i = 0; i < sum.count(); ++i) {
    T all = static_cast<const T*>(terms.front())[i];
    for (std::size_t term = 1; term < terms.size(); ++term) all += static_cast<const T*>(terms[term])[i];
    static_cast<T*>(sum.data)[i] = all;
  }
}

}  // namespace

lanes::Lane PeerMemoryDouble::lane() {
  const auto wait = [this](const char*, const lanes::Mark& mark) {
    for (; !mark.passed(); std::this_thread::yield()) move_on();
  };
  std::shared_ptr<lanes::Stream> stream = the_queue_ ? the_queue_ : lane_.stream()->beside();
  stream->waiter = wait;
  if (queues_ == Queues::one) the_queue_ = stream;
  lanes_.push_back(stream);
  return lanes::Lane(stream);
}

comm::PeerMemory::Exported PeerMemoryDouble::make(std::int64_t bytes) {
  const int file = memfd_create("a device's memory", 0);
  HEDDLE_EXPECT(file >= 0 && ftruncate(file, bytes) == 0);
  const std::shared_ptr<void> memory = mapped(file, bytes);
  std::memset(memory.get(), 0xff, static_cast<std::size_t>(bytes));
  Exported made{{memory.get(), [memory, file](void*) { close(file); }}, {}};
  const Name name{getpid(), file, bytes};
  std::memcpy(made.handle.data(), &name, sizeof name);
  return made;
}

std::shared_ptr<void> PeerMemoryDouble::open(const Handle& handle) {
  Name name;
  std::memcpy(&name, handle.data(), sizeof name);
  const int file = ::open(fmt::format("/proc/{}/fd/{}", name.process, name.file).c_str(), O_RDWR);
  HEDDLE_EXPECT(file >= 0);
  std::shared_ptr<void> memory = mapped(file, name.bytes);
  close(file);
  return memory;
}

void PeerMemoryDouble::await(const lanes::Lane& lane, std::span<const Count> counts) {
  lane.run([all = std::vector(counts.begin(), counts.end())] {
    for (const Count& count : all) wait_for(count);
  });
}

void PeerMemoryDouble::write(const lanes::Lane& lane, std::span<const Count> counts) {
  lane.run([all = std::vector(counts.begin(), counts.end())] {
    for (const auto& [at, value] : all) {
      std::atomic_ref(*at).store(value, std::memory_order_release);
      syscall(SYS_futex, at, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
    }
  });
}

void PeerMemoryDouble::sum(const lanes::Lane& lane, std::span<const void* const> terms, const Tensor& sum) {
  lane.run([all = std::vector(terms.begin(), terms.end()), sum] {
    if (sum.dtype == DType::i32) return add_up<std::int32_t>(all, sum);
    if (sum.dtype == DType::f64) return add_up<double>(all, sum);
    HEDDLE_EXPECT(sum.dtype == DType::f32);
    add_up<float>(all, sum);
  });
}

void PeerMemoryDouble::move_on() {
  std::erase_if(lanes_, [](const auto& lane) { return lane.expired(); });
  for (const auto& one : lanes_) one.lock()->mark("what is enqueued").passed();
}

}  // namespace heddle::tests
