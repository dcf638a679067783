#include "landing.hpp"

#include <cstring>

#include "heddle/base/error.hpp"

namespace heddle::lanes::host {
namespace {

/// From numbers of type From to those of type To.
template <class From, class To>
void land(const std::vector<Run>& runs, const void* from, void* to, Landing landing) {
  for (const Run& run : runs) {
    const From* const terms = static_cast<const From*>(from) + run.from;
    To* const sums = static_cast<To*>(to) + run.to;
    if (landing == Landing::add)
      for (std::int64_t i = 0; i < run.length; ++i) sums[i] = static_cast<To>(sums[i] + terms[i]);
    else
      for (std::int64_t i = 0; i < run.length; ++i) sums[i] = static_cast<To>(terms[i]);
  }
}

void copy(const std::vector<Run>& runs, std::int64_t size, const void* from, void* to) {
  for (const Run& run : runs)
    std::memcpy(static_cast<char*>(to) + run.to * size, static_cast<const char*>(from) + run.from * size,
                static_cast<std::size_t>(run.length * size));
}

}  // namespace

void land(const std::vector<Run>& runs, LandingTypes types, const void* from, void* to, Landing landing) {
  const auto [source, target] = types;
  if (source == target && landing == Landing::replace) return copy(runs, size_of(source), from, to);
  HEDDLE_EXPECT(target != DType::bf16 || landing == Landing::replace);
  if (source == DType::bf16 && target == DType::f32) return land<BFloat16, float>(runs, from, to, landing);
  if (source == DType::f32 && target == DType::bf16) return land<float, BFloat16>(runs, from, to, landing);
  HEDDLE_EXPECT(source == target);
  switch (source) {
    case DType::f64: return land<double, double>(runs, from, to, landing);
    case DType::i32: return land<std::int32_t, std::int32_t>(runs, from, to, landing);
    default: return land<float, float>(runs, from, to, landing);
  }
}

}  // namespace heddle::lanes::host
