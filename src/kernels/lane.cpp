#include "heddle/kernels/lane.hpp"

#include <fmt/format.h>

#include <exception>
#include <utility>

#ifdef _OPENMP
#include <omp.h>
#endif

#include "heddle/base/error.hpp"
#include "huge_pages.hpp"

namespace heddle::kernels {

Runtime::Runtime(int threads) {
  HEDDLE_EXPECT(!Kokkos::is_initialized());
  initialize_kokkos(threads);
#ifdef _OPENMP
  omp_set_num_threads(Lane{}.threads());
#endif
}

Runtime::~Runtime() { Kokkos::finalize(); }

Memory::Memory(std::int64_t bytes) : bytes_(bytes) {
  HEDDLE_EXPECT(bytes >= 0);
  if (bytes == 0) return;
  try {
    data_ = Kokkos::kokkos_malloc<MemorySpace>("heddle", static_cast<std::size_t>(bytes));
  } catch (const std::exception&) {  // Kokkos' own text speaks of labels and tracebacks
    throw Error(ExitCode::failure, fmt::format("cannot allocate {} MiB", bytes >> 20), "no memory is left",
                "give a rank less: more ranks, or a smaller train.batch or model");
  }
  HEDDLE_EXPECT(reinterpret_cast<std::uintptr_t>(data_) % 64 == 0);
  wish_huge_pages(data_, bytes_);
}

// Where a failing run unwinds, messages that nobody can call back may still read and write here; the process ends soon.
Memory::~Memory() {
  if (data_ && std::uncaught_exceptions() == 0) Kokkos::kokkos_free<MemorySpace>(data_);
}

Memory::Memory(Memory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

Memory& Memory::operator=(Memory&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

void Memory::zero(const Lane& lane) {
  if (bytes_ == 0) return;
  using Bytes = Kokkos::View<unsigned char*, MemorySpace, Kokkos::MemoryTraits<Kokkos::Unmanaged>>;
  Kokkos::deep_copy(lane.space, Bytes(static_cast<unsigned char*>(data_), static_cast<std::size_t>(bytes_)),
                    static_cast<unsigned char>(0));
}

}  // namespace heddle::kernels
