// How much a dataset holds, and whether that can be.
#include <fmt/format.h>

#include <filesystem>

#include "hdf5.hpp"

namespace heddle::io::h5 {

std::vector<hsize_t> extents_of(const Handle& dataset) {
  const Handle space(H5Dget_space(dataset.id()), H5Sclose, dataset, "read a dataset's extents");
  const int rank = H5Sget_simple_extent_ndims(space.id());
  space.check(rank, "read a dataset's extents");
  std::vector<hsize_t> extents(static_cast<std::size_t>(rank));
  space.check(H5Sget_simple_extent_dims(space.id(), extents.data(), nullptr), "read a dataset's extents");
  return extents;
}

namespace {

double bytes_of(const Handle& dataset) {
  const Handle type(H5Dget_type(dataset.id()), H5Tclose, dataset, "look at a dataset");
  double bytes = static_cast<double>(H5Tget_size(type.id()));
  for (const hsize_t extent : extents_of(dataset)) bytes *= static_cast<double>(extent);
  return bytes;
}

[[noreturn]] void refuse(const Handle& dataset, const std::string& name, const std::string& holds) {
  throw Error(ExitCode::usage, fmt::format("{}: {} is not whole", dataset.path(), name),
              fmt::format("it says to have {:.0f} bytes, {}", bytes_of(dataset), holds));
}

}  // namespace

/// While a table grows its newest chunk may be on its way.
void demand_possible(const Handle& dataset, const std::string& name) {
  constexpr double on_its_way = 1 << 20;
  const auto bytes = static_cast<double>(std::filesystem::file_size(dataset.path()));
  if (bytes_of(dataset) > bytes + on_its_way)
    refuse(dataset, name, fmt::format("its file has {:.0f}", bytes));
}

std::size_t rows_of(const Handle& table, const std::string& name) {
  demand_possible(table, name);
  const std::vector<hsize_t> extents = extents_of(table);
  if (extents.size() != 1)
    throw Error(ExitCode::usage, fmt::format("{}: {} has {} dims", table.path(), name, extents.size()),
                "a table has one");
  return extents[0];
}

void demand_written(const Handle& dataset, const std::string& name) {
  const auto bytes = static_cast<double>(H5Dget_storage_size(dataset.id()));
  if (bytes_of(dataset) > bytes) refuse(dataset, name, fmt::format("{:.0f} are stored", bytes));
}

}  // namespace heddle::io::h5
