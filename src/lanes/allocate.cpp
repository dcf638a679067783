#include "allocate.hpp"

#include <fmt/format.h>

#include <new>

#include "heddle/base/error.hpp"

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace heddle::lanes::host {
namespace {

constexpr std::align_val_t alignment{64};

/// For what of the block fills large pages, before it is first written. Costs no byte.
void wish_huge_pages([[maybe_unused]] void* data, [[maybe_unused]] std::int64_t bytes) {
#ifdef MADV_HUGEPAGE
  constexpr std::size_t page = std::size_t{2} << 20;
  auto within = static_cast<std::size_t>(bytes);
  if (std::align(page, page, data, within)) madvise(data, within / page * page, MADV_HUGEPAGE);
#endif
}

}  // namespace

std::shared_ptr<void> allocate(std::int64_t bytes) {
  void* const data = ::operator new(static_cast<std::size_t>(bytes), alignment, std::nothrow);
  if (!data)
    throw Error(ExitCode::failure, fmt::format("cannot allocate {} MiB", bytes >> 20), "no memory is left",
                "give a rank less: more ranks, or a smaller train.batch or model");
  wish_huge_pages(data, bytes);
  return {data, [](void* gone) { ::operator delete(gone, alignment); }};
}

}  // namespace heddle::lanes::host
