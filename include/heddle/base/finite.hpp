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

/// "[3, 17]": where that number stands.
std::string place_in(const Shape& shape, std::int64_t index);

}  // namespace heddle
