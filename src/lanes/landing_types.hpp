// Which numbers land as which.
#pragma once

#include "heddle/base/error.hpp"
#include "heddle/lanes/stream.hpp"

namespace heddle::lanes {

/// f(a number of the type that lands, one of the type that it becomes).
template <class F>
void with_landing_types(LandingTypes types, Landing landing, const F& f) {
  const auto [from, to] = types;
  HEDDLE_EXPECT(to != DType::bf16 || landing == Landing::replace);
  HEDDLE_EXPECT(is_floating(from) || landing != Landing::log_add);
  if (from == DType::bf16 && to == DType::f32) return f(BFloat16{}, float{});
  if (from == DType::f32 && to == DType::bf16) return f(float{}, BFloat16{});
  HEDDLE_EXPECT(from == to);
  if (from == DType::i32) return f(std::int32_t{}, std::int32_t{});
  if (from == DType::i16) return f(std::int16_t{}, std::int16_t{});
  with_real(from, [&](auto number) { f(number, number); });
}

}  // namespace heddle::lanes
