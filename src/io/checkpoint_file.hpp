// The file of a checkpoint that is being written, as rank 0 alone sees it: all of HDF5 that writing one takes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "checkpoint_catalogue.hpp"
#include "heddle/base/aside_file.hpp"

namespace heddle::io {

/// Of every dataset, where in the file its numbers begin.
using Offsets = std::map<std::string, std::int64_t>;

class CheckpointFile {
 public:
  CheckpointFile(const std::string& path, Catalogue catalogue);

  /// Everything but numbers and checksums, with places for the numbers and room on the disk for all. It is closed then, for others to write to.
  Offsets begin(const CheckpointHeader& header);
  /// Adds the checksums, of each rank in the order of its datasets and their pieces, marks the file as complete and gives it its name.
  void finish(const std::vector<std::vector<std::uint32_t>>& sums);
  /// Of all numbers.
  std::int64_t bytes() const;

 private:
  Catalogue catalogue_;
  AsideFile aside_;
};

}  // namespace heddle::io
