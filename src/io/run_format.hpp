// What the writer and the reader of run files must agree on: names, and the rows of their tables.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "hdf5.hpp"
#include "heddle/io/run_file.hpp"

namespace heddle::io::run_format {

inline constexpr std::string_view name = "heddle run";
inline constexpr std::int64_t version = 1;

/// No locks: others look at the file while the run goes on, some on file systems that cannot lock.
h5::Handle access(const std::string& path);

/// One column of a table: where it lies in the C++ row, and its types in memory and in the file.
struct Column {
  const char* name;
  std::size_t offset;
  hid_t memory;
  hid_t file;
};

/// A row's HDF5 types.
struct RowType {
  h5::Handle memory, file;
};

RowType row_type(const h5::Handle& file, std::span<const Column> columns, std::size_t row_bytes);
RowType step_row(const h5::Handle& file);
RowType event_row(const h5::Handle& file);
RowType memory_row(const h5::Handle& file, std::size_t region_width, std::size_t row_bytes);

}  // namespace heddle::io::run_format
