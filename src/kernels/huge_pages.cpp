#include "huge_pages.hpp"

#include <memory>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace heddle::kernels {

#ifdef MADV_HUGEPAGE
void wish_huge_pages(void* data, std::int64_t bytes) {
  constexpr std::size_t page = std::size_t{2} << 20;
  auto within = static_cast<std::size_t>(bytes);
  if (std::align(page, page, data, within)) madvise(data, within / page * page, MADV_HUGEPAGE);
}
#else
void wish_huge_pages(void*, std::int64_t) {}
#endif

}  // namespace heddle::kernels
