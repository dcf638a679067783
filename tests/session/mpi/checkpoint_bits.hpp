// What a checkpoint holds, bit by bit.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "heddle/io/checkpoint.hpp"

namespace heddle::tests {

/// Of every dataset, in its own type.
using CheckpointBits = std::map<std::string, std::vector<std::byte>>;

inline CheckpointBits bits_in(const std::string& path) {
  const io::Checkpoint file(path);
  CheckpointBits all;
  for (const auto& [name, entry] : file.entries()) {
    std::vector<std::byte>& numbers = all[name];
    numbers.resize(static_cast<std::size_t>(entry.shape.count() * size_of(entry.dtype)));
    file.read(name, entry.shape, maps::Box(entry.shape).origin(), {numbers.data(), entry.dtype, entry.shape});
  }
  return all;
}

}  // namespace heddle::tests
