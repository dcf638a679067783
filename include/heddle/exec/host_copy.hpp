// Copies between a lane's memory and the host's.
#pragma once

#include <span>
#include <vector>

#include "heddle/base/tensor.hpp"

namespace heddle::exec {

/// Both wait until the copy is done. `to` and `from` hold as many bytes as `host`.
void copy_to_lane(std::span<const std::byte> host, const Tensor& to);
void copy_to_host(const Tensor& from, std::span<std::byte> host);

/// Every byte of the tensor becomes `byte`; 0xff makes NaN of every float.
void fill_bytes(const Tensor& tensor, unsigned char byte);

/// A scalar as double.
double read_scalar(const Tensor& tensor);

}  // namespace heddle::exec
