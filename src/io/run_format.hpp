// What the writer and the reader of run files must agree on: names, and the rows of their tables.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

#include "hdf5.hpp"
#include "heddle/io/run_file.hpp"

namespace heddle::io::run_format {

inline constexpr std::string_view mark = "heddle run";
inline constexpr std::int64_t version = 2;
/// Of SetUp.
inline constexpr std::pair<std::string_view, double SetUp::*> parts[] = {
    {"launch", &SetUp::launch},         {"plan", &SetUp::plan},
    {"tokens", &SetUp::tokens},         {"memory", &SetUp::memory},
    {"checkpoint", &SetUp::checkpoint}, {"rest", &SetUp::rest}};

/// The group of a leg, numbered from 1: of what a restart may change. In files of schema 1 the whole file is one.
std::string leg_name(int number);
int newest_leg(const h5::Handle& file);

/// What a run's file holds before its first step; one without `header.run` is no run's yet.
void write_header(const h5::Handle& file, const RunHeader& header);
void write_leg(const h5::Handle& leg, const RunHeader& header);

/// A run's file as a reader has it. Throws Error(usage) for what is none.
struct OpenRun {
  h5::Handle file;
  h5::Handle leg;  ///< the newest
  std::int64_t version = 0;
};
OpenRun open(const std::string& path);

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
RowType passed_over_row(const h5::Handle& file);
RowType event_row(const h5::Handle& file);
/// In memory, of a table's rows their step alone, an int64.
h5::Handle step_column(const h5::Handle& file);
RowType action_time_row(const h5::Handle& file);
RowType step_times_row(const h5::Handle& file);
RowType memory_row(const h5::Handle& file, std::size_t region_width, std::size_t row_bytes);

/// A table of so many rows for good.
void create_table(const h5::Handle& parent, const std::string& name, const RowType& row, const void* rows,
                  std::size_t count);
template <class Row>
std::vector<Row> read_table(const h5::Handle& parent, const std::string& name, const RowType& row) {
  const auto table = h5::open_dataset(parent, name);
  std::vector<Row> rows(h5::rows_of(table, name));
  if (!rows.empty())
    table.check(H5Dread(table.id(), row.memory.id(), H5S_ALL, H5S_ALL, H5P_DEFAULT, rows.data()),
                "read " + name);
  return rows;
}
/// All its rows anew.
void rewrite_table(const h5::Handle& parent, const std::string& name, const RowType& row, const void* rows);

}  // namespace heddle::io::run_format
