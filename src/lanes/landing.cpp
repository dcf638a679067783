#include "landing.hpp"

#include <cstring>

#include "heddle/base/error.hpp"

namespace heddle::lanes::host {
namespace {

template <class T>
void add(const std::vector<Run>& runs, const void* from, void* to) {
  for (const Run& run : runs) {
    const T* const terms = static_cast<const T*>(from) + run.from;
    T* const sums = static_cast<T*>(to) + run.to;
    for (std::int64_t i = 0; i < run.length; ++i) sums[i] += terms[i];
  }
}

void replace(const std::vector<Run>& runs, std::int64_t size, const void* from, void* to) {
  for (const Run& run : runs)
    std::memcpy(static_cast<char*>(to) + run.to * size, static_cast<const char*>(from) + run.from * size,
                static_cast<std::size_t>(run.length * size));
}

}  // namespace

void land(const std::vector<Run>& runs, DType dtype, const void* from, void* to, Landing landing) {
  if (landing == Landing::replace) return replace(runs, size_of(dtype), from, to);
  switch (dtype) {
    case DType::f32: return add<float>(runs, from, to);
    case DType::f64: return add<double>(runs, from, to);
    case DType::i32: return add<std::int32_t>(runs, from, to);
    case DType::bf16: break;
  }
  HEDDLE_EXPECT(false && "bf16 is not added up");
}

}  // namespace heddle::lanes::host
