#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <sstream>

#include "heddle/io/run_file.hpp"
#include "run_format.hpp"
#include "vocabulary_format.hpp"

namespace heddle::io {
namespace {

h5::Handle open_run(const std::string& path) {
  auto file = h5::open_to_read(path, run_format::access(path));
  if (!h5::has_attribute(file, "format") || h5::read_string(file, "format") != run_format::name)
    throw Error(ExitCode::usage, path + ": this is no run file", "its attribute `format` is not `heddle run`",
                "name the run.h5 in a run's output directory");
  if (const auto version = h5::read_integer(file, "schema_version"); version != run_format::version)
    throw Error(ExitCode::usage, fmt::format("{}: run file of schema version {}", path, version),
                fmt::format("this program reads version {}", run_format::version));
  return file;
}

maps::Grid read_grid(const h5::Handle& file) {
  const auto group = h5::open_group(file, "grid");
  maps::AxisExtents extents;
  for (auto axis : maps::all_axes)
    if (const std::string key(maps::name(axis)); h5::has_attribute(group, key))
      extents[axis] = static_cast<int>(h5::read_integer(group, key));
  std::vector<maps::Axis> order;
  std::istringstream words(h5::read_string(group, "order"));
  for (std::string word; words >> word;) {
    const auto found = std::find_if(maps::all_axes.begin(), maps::all_axes.end(),
                                    [&](auto axis) { return maps::name(axis) == word; });
    if (found == maps::all_axes.end())
      throw Error(ExitCode::usage, file.path() + ": unknown grid axis " + word);
    order.push_back(*found);
  }
  return maps::Grid(extents, order);
}

std::vector<MemoryRegion> read_memory(const h5::Handle& file, const std::string& name) {
  const auto table = h5::open_dataset(file, name);
  const h5::Handle stored(H5Dget_type(table.id()), H5Tclose, file.path(), "read what takes memory");
  const int member = H5Tget_member_index(stored.id(), "region");
  table.check(member, "read what takes memory");
  const h5::Handle text(H5Tget_member_type(stored.id(), static_cast<unsigned>(member)), H5Tclose, file.path(),
                        "read what takes memory");
  const std::size_t width = H5Tget_size(text.id()), row_bytes = 2 * sizeof(std::int64_t) + width;
  std::vector<char> rows(h5::extents_of(table).at(0) * row_bytes);
  if (!rows.empty())
    table.check(H5Dread(table.id(), run_format::memory_row(file, width, row_bytes).memory.id(), H5S_ALL,
                        H5S_ALL, H5P_DEFAULT, rows.data()),
                "read what takes memory");
  std::vector<MemoryRegion> regions;
  for (const char* row = rows.data(); row != rows.data() + rows.size(); row += row_bytes) {
    MemoryRegion one;
    std::memcpy(&one.rank, row, sizeof one.rank);
    std::memcpy(&one.bytes, row + sizeof one.rank, sizeof one.bytes);
    const char* region = row + 2 * sizeof(std::int64_t);
    one.region.assign(region, std::find(region, region + width, '\0'));
    regions.push_back(one);
  }
  return regions;
}

template <class Row>
std::vector<Row> read_rows(const h5::Handle& file, const std::string& name, const run_format::RowType& type) {
  const auto table = h5::open_dataset(file, name);
  std::vector<Row> rows(h5::extents_of(table).at(0));
  if (!rows.empty())
    table.check(H5Dread(table.id(), type.memory.id(), H5S_ALL, H5S_ALL, H5P_DEFAULT, rows.data()),
                "read " + name);
  return rows;
}

}  // namespace

RunHeader read_run_header(const std::string& path) {
  const auto file = open_run(path);
  RunHeader header;
  header.deck_given = h5::read_text(file, "deck/given");
  header.overrides = h5::read_lines(file, "deck/overrides");
  header.deck_resolved = h5::read_text(file, "deck/resolved");
  header.hosts = h5::read_lines(file, "hosts");
  header.grid = read_grid(file);
  header.vocabulary = read_vocabulary(h5::open_group(file, "tokenizer"));
  header.parameters = h5::read_integer(file, "parameters");
  header.flops_per_step = h5::read_real(file, "flops_per_step");
  const auto plan = h5::open_group(file, "plan");
  if (h5::has_attribute(plan, "messages")) header.messages = h5::read_string(plan, "messages");
  header.actions = h5::read_lines(file, "plan/actions");
  header.memory = read_memory(file, "plan/memory");
  if (h5::exists(file, "device_memory")) header.device_memory = read_memory(file, "device_memory");
  return header;
}

std::vector<StepRow> read_steps(const std::string& path) {
  const auto file = open_run(path);
  return read_rows<StepRow>(file, "steps", run_format::step_row(file));
}

std::vector<EventRow> read_events(const std::string& path, Rank rank) {
  const auto file = open_run(path);
  const auto name = fmt::format("events/{}", rank);
  if (!h5::exists(file, name)) return {};
  return read_rows<EventRow>(file, name, run_format::event_row(file));
}

}  // namespace heddle::io
