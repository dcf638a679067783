#include "support/region.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

#include "heddle/base/error.hpp"

namespace heddle::tests {
namespace {

constexpr std::size_t most = std::size_t{64} << 30;
constexpr std::size_t huge_page = std::size_t{2} << 20;

std::size_t rounded_up(std::size_t n, std::size_t to) { return (n + to - 1) / to * to; }

std::size_t in_pages(std::size_t bytes) {
  static const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return rounded_up(bytes, page);
}

}  // namespace

/// It outlives all memory, that of static objects too.
Region& Region::the() {
  static auto* const region = new Region;
  return *region;
}

Region::Region() {
  void* const reserved =
      mmap(nullptr, most + huge_page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  HEDDLE_EXPECT(reserved != MAP_FAILED);
  const auto at = reinterpret_cast<std::uintptr_t>(reserved);
  begin_ = static_cast<std::byte*>(reserved) + (rounded_up(at, huge_page) - at);
  madvise(begin_, most, MADV_HUGEPAGE);  // a few are quickly opened and closed
}

void* Region::allocate(std::size_t bytes) {
  const std::lock_guard hold(mutex_);
  std::vector<void*>& left = free_[in_pages(bytes)];
  if (!left.empty()) {
    void* const data = left.back();
    left.pop_back();
    return data;
  }
  HEDDLE_EXPECT(used_ + in_pages(bytes) <= most);
  void* const data = begin_ + used_;
  used_ += in_pages(bytes);
  if (opened_ > 0) protect(PROT_READ | PROT_WRITE);
  return data;
}

void Region::free(void* data, std::size_t bytes) {
  const std::lock_guard hold(mutex_);
  free_[in_pages(bytes)].push_back(data);
}

void Region::open() {
  const std::lock_guard hold(mutex_);
  if (opened_++ == 0) protect(PROT_READ | PROT_WRITE);
}

void Region::close() {
  const std::lock_guard hold(mutex_);
  if (--opened_ == 0) protect(PROT_NONE);
}

void Region::protect(int rights) {
  if (used_ > 0) HEDDLE_EXPECT(mprotect(begin_, rounded_up(used_, huge_page), rights) == 0);
}

}  // namespace heddle::tests
