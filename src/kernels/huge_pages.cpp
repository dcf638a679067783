#include "huge_pages.hpp"

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace heddle::kernels {

#ifdef MADV_HUGEPAGE
void wish_huge_pages(void* data, std::int64_t bytes) {
  constexpr std::uintptr_t page = std::uintptr_t{2} << 20;
  const auto begin = reinterpret_cast<std::uintptr_t>(data);
  const std::uintptr_t first = (begin + page - 1) / page * page;
  const std::uintptr_t last = (begin + static_cast<std::uintptr_t>(bytes)) / page * page;
  if (first < last) madvise(reinterpret_cast<void*>(first), last - first, MADV_HUGEPAGE);
}
#else
void wish_huge_pages(void*, std::int64_t) {}
#endif

}  // namespace heddle::kernels
