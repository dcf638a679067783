// What a checkpoint holds, bit by bit. HDF5 stamps its files with the time, so that not all bytes of two are equal.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "heddle/io/checkpoint.hpp"

namespace heddle::tests {

struct StoredTensor {
  DType dtype;
  Shape shape;
  std::vector<std::byte> numbers;

  friend bool operator==(const StoredTensor&, const StoredTensor&) = default;
};
/// Every dataset, by its name.
using Contents = std::map<std::string, StoredTensor>;

inline Contents contents_of(const std::string& path) {
  const io::Checkpoint file(path);
  Contents all;
  for (const auto& [name, entry] : file.entries()) {
    StoredTensor& stored = all[name] = {entry.dtype, entry.shape, {}};
    stored.numbers.resize(static_cast<std::size_t>(entry.shape.count() * size_of(entry.dtype)));
    file.read(name, entry.shape, maps::Box(entry.shape).origin(),
              {stored.numbers.data(), entry.dtype, entry.shape});
  }
  return all;
}

}  // namespace heddle::tests
