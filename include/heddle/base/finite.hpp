// Which of a tensor's numbers are none.
#pragma once

#include <optional>
#include <string>

#include "heddle/base/tensor.hpp"

namespace heddle {

struct NotFinite {
  std::int64_t index;  ///< in the tensor's memory
  double value;        ///< NaN or an infinity
};

/// The first of a tensor in the host's memory; integers are all finite.
std::optional<NotFinite> first_not_finite(const Tensor& tensor);

/// "[3, 17]": where that number stands, of a tensor that begins at `begin` of a larger one if that is given.
std::string place_in(const Shape& shape, std::int64_t index, const Shape& begin = {});

/// What helps where training made such numbers.
inline constexpr const char* against_divergence = "lower optimizer.rate or lengthen optimizer.warmup";

}  // namespace heddle
