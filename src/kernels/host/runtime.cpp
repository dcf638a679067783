#include "heddle/kernels/runtime.hpp"

#include <optional>

#ifdef _OPENMP
#include <omp.h>
#endif

#include "heddle/base/error.hpp"
#include "space.hpp"

namespace heddle::kernels {
namespace {

/// One for all lanes: those whose work is late do it one after the other too.
std::optional<Space> the_space;

}  // namespace

const Space& space(const lanes::Lane&) { return *the_space; }

Runtime::Runtime(int, int threads) {
  HEDDLE_EXPECT(!Kokkos::is_initialized());
  initialize_kokkos({.threads = threads});
  the_space.emplace();
#ifdef _OPENMP
  omp_set_num_threads(this->threads());
#endif
}

Runtime::~Runtime() {
  the_space.reset();
  Kokkos::finalize();
}

std::string Runtime::lacks() { return ""; }

int Runtime::threads() const { return the_space->concurrency(); }

std::int64_t Runtime::room_bytes() { return 0; }

}  // namespace heddle::kernels
