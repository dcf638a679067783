// Rows of a table looked up by token. The table may be one block of the vocabulary, tokens
// [first_token, first_token + Vl): the sum of all blocks' results is the whole table's.
#pragma once

#include "heddle/base/tensor.hpp"
#include "heddle/kernels/write.hpp"
#include "heddle/lanes/lane.hpp"

namespace heddle::kernels {

/// y[r] = table[tokens[r] - first_token], or 0 where the token lies outside the block.
/// table [Vl, C], tokens int32 [R], y [R, C].
void embedding(const lanes::Lane& lane, const Tensor& table, const Tensor& tokens, std::int64_t first_token,
               const Tensor& y);

/// dtable[t] = sum of dy[r] over the rows with token first_token + t, in the order of the rows; dtable is of
/// dy's compute_type.
void embedding_gradient(const lanes::Lane& lane, const Tensor& dy, const Tensor& tokens,
                        std::int64_t first_token, const Tensor& dtable, Write write);

}  // namespace heddle::kernels
