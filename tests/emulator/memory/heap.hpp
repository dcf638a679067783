// Addresses given out from a range, each allocation with a page behind it that nobody may touch.
#pragma once
#include <cstdint>
#include <map>

namespace heddle::emulator {

constexpr std::uint64_t page = 4096;
constexpr std::uint64_t whole_pages(std::uint64_t bytes) { return (bytes + page - 1) / page * page; }

struct Allocation {
  std::uint64_t begin = 0, bytes = 0, room = 0;
  int file = -1;  ///< of device memory
  std::uint64_t end() const { return begin + bytes; }
};

class Heap {
 public:
  explicit Heap(std::uint64_t begin) : next_(begin) {}

  Allocation take(std::uint64_t bytes, int file = -1);
  void give_back(const Allocation& allocation);
  /// The one that begins there.
  const Allocation* find(std::uint64_t begin) const;
  /// The last one that begins there or before.
  const Allocation* before(std::uint64_t address) const;

 private:
  std::map<std::uint64_t, Allocation> taken_;
  std::multimap<std::uint64_t, std::uint64_t> gone_;  ///< room, begin
  std::uint64_t next_;
};

}  // namespace heddle::emulator
