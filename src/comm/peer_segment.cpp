#include "peer_segment.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <system_error>
#include <thread>

#include "heddle/base/error.hpp"

namespace heddle::comm {
namespace {

constexpr std::int64_t line = 64;  // each counter has one of its own
constexpr std::chrono::seconds patience{120};

std::string name_of(const DeviceMessages::Id& id) {
  std::string name = "/heddle-";
  for (std::size_t i = 0; i < 16; ++i) name += fmt::format("{:02x}", std::to_integer<unsigned>(id[i]));
  return name;
}

std::int64_t in_pages(std::int64_t bytes) {
  const std::int64_t page = sysconf(_SC_PAGESIZE);
  return (bytes + page - 1) / page * page;
}

[[noreturn]] void refuse(int why) {
  throw Error(ExitCode::failure, "ranks of one host cannot share memory in /dev/shm",
              std::error_code(why, std::generic_category()).message(),
              "a container may want --ipc=host, or --shm-size");
}

/// Whoever comes first makes it, full of zeros. Its pages are taken now: later the program would end where there are none.
void* shared(const std::string& name, std::int64_t bytes) {
  const int file = shm_open(name.c_str(), O_CREAT | O_RDWR, S_IRUSR | S_IWUSR);
  if (file < 0) refuse(errno);
  const int full = posix_fallocate(file, 0, bytes);
  void* const data =
      full ? MAP_FAILED
           : mmap(nullptr, static_cast<std::size_t>(bytes), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  const int why = full ? full : errno;
  close(file);
  if (data == MAP_FAILED) refuse(why);
  return data;
}

}  // namespace

PeerSegment::PeerSegment(const DeviceMessages::Id& id, int ranks, int rank)
    : name_(name_of(id)),
      ranks_(ranks),
      rank_(rank),
      bytes_(in_pages(ranks * std::int64_t{sizeof(Place)} + std::int64_t{2} * ranks * ranks * line)),
      data_(shared(name_, bytes_)) {}

// Its name goes when all have come; where they do not, with it.
PeerSegment::~PeerSegment() {
  if (rank_ == 0) shm_unlink(name_.c_str());
  munmap(data_, static_cast<std::size_t>(bytes_));
}

std::int64_t PeerSegment::offset(Counter counter, int from, int to) const {
  const std::int64_t before = counter == Counter::arrived ? 0 : ranks_;
  return ranks_ * std::int64_t{sizeof(Place)} + ((before + from) * ranks_ + to) * line;
}

std::uint32_t& PeerSegment::count(Counter counter, int from, int to) const {
  return *reinterpret_cast<std::uint32_t*>(static_cast<std::byte*>(data_) + offset(counter, from, to));
}

PeerSegment::Stage PeerSegment::stage(int rank) const {
  return std::atomic_ref(place(rank).stage).load(std::memory_order_acquire);
}

void PeerSegment::enter(Stage stage) noexcept {
  std::atomic_ref(place(rank_).stage).store(stage, std::memory_order_release);
}

void PeerSegment::wait_for_all(Stage wanted) const {
  const auto end = std::chrono::steady_clock::now() + patience;
  for (int rank = 0; rank < ranks_; ++rank)
    for (Stage now = stage(rank); now < wanted || now == Stage::failed; now = stage(rank)) {
      const bool failed = now == Stage::failed;
      if (failed || std::chrono::steady_clock::now() > end)
        throw Error(ExitCode::failure,
                    fmt::format("rank {} of a group {}", rank,
                                failed ? "has no way to the others' memory" : "does not come"));
      std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
}

std::vector<PeerMemory::Handle> PeerSegment::meet(const PeerMemory::Handle& mine) {
  place(rank_).handle = mine;
  enter(Stage::met);
  wait_for_all(Stage::met);
  std::vector<PeerMemory::Handle> handles;
  for (int rank = 0; rank < ranks_; ++rank) handles.push_back(place(rank).handle);
  return handles;
}

void PeerSegment::opened() {
  enter(Stage::opened);
  wait_for_all(Stage::opened);
  if (rank_ == 0) shm_unlink(name_.c_str());
}

void PeerSegment::leave() { enter(Stage::left); }

void PeerSegment::fail() noexcept { enter(Stage::failed); }

bool PeerSegment::left_by_all() const {
  for (int rank = 0; rank < ranks_; ++rank)
    if (stage(rank) < Stage::left) return false;
  return true;
}

}  // namespace heddle::comm
