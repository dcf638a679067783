// Causal attention and its backward pass, by plain loops.
#pragma once
#include <array>
#include <cstdint>
#include <optional>

#include "emulator/memory/numbers.hpp"

namespace heddle::emulator {

/// [batch][head][sample][number], as its strides have it.
struct AttentionTensor {
  char* data = nullptr;
  Number type = Number::f32;
  std::array<std::int64_t, 4> sizes{}, strides{};

  std::int64_t at(std::int64_t batch, std::int64_t head, std::int64_t s, std::int64_t d) const {
    return batch * strides[0] + head * strides[1] + s * strides[2] + d * strides[3];
  }
};

struct Attention {
  AttentionTensor q, k, v, out, statistics;
  struct Gradients {
    AttentionTensor out, q, k, v;
  };
  std::optional<Gradients> gradients;  ///< of the backward pass
  float scale = 0;
};

void attend(const Attention& attention);

}  // namespace heddle::emulator
