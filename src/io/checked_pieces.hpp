// The pieces of a dataset of a checkpoint, each of which is looked at before anything of it is believed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hdf5.hpp"
#include "heddle/io/checkpoint.hpp"

namespace heddle::io {

/// A box of a dataset, in the type and into the memory of `local`, which has its shape.
void read_box(const h5::Handle& source, const std::string& name, const Shape& global, const maps::Box& box,
              const Tensor& local);

class CheckedPieces {
 public:
  /// None where the file says nothing of them: HDF5 has its own checksums in files of version 1, and other programs may have added datasets to
  /// any. Throws Error(usage) where it must say something.
  CheckedPieces(const h5::Handle& file, std::string name, const Checkpoint::Entry& entry);
  /// Reads what pieces `box` shares numbers with and compares their checksums, each once. Throws Error(usage) if one is another, or if no
  /// piece has some of the numbers.
  void check(const h5::Handle& source, const maps::Box& box);

 private:
  struct Piece {
    maps::Box box;
    std::int64_t sum = 0;
    bool checked = false;
  };
  void check(const h5::Handle& source, Piece& piece) const;

  std::string name_;
  Checkpoint::Entry entry_;
  bool known_;
  std::vector<Piece> pieces_;
};

}  // namespace heddle::io
