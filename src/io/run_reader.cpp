#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include "heddle/io/run_file.hpp"
#include "run_format.hpp"
#include "vocabulary_format.hpp"

namespace heddle::io {
namespace {

maps::Grid read_grid(const h5::Handle& leg) {
  const auto group = h5::open_group(leg, "grid");
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
      throw Error(ExitCode::usage, leg.path() + ": unknown grid axis " + word);
    order.push_back(*found);
  }
  return maps::Grid(extents, order);
}

std::vector<MemoryRegion> read_memory(const h5::Handle& file, const std::string& name) {
  const auto table = h5::open_dataset(file, name);
  const h5::Handle stored(H5Dget_type(table.id()), H5Tclose, file, "read what takes memory");
  const int member = H5Tget_member_index(stored.id(), "region");
  table.check(member, "read what takes memory");
  const h5::Handle text(H5Tget_member_type(stored.id(), static_cast<unsigned>(member)), H5Tclose, file,
                        "read what takes memory");
  const std::size_t width = H5Tget_size(text.id()), row_bytes = 2 * sizeof(std::int64_t) + width;
  std::vector<char> rows(h5::rows_of(table, name) * row_bytes);
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

RunHeader header_of(const h5::Handle& file, const h5::Handle& leg) {
  RunHeader header;
  if (h5::has_attribute(file, "run")) header.run = h5::read_string(file, "run");
  header.vocabulary = read_vocabulary(h5::open_group(file, "tokenizer"));
  header.parameters = h5::read_integer(file, "parameters");
  header.finished = h5::read_integer(file, "finished") != 0;
  if (h5::has_attribute(leg, "steps_before")) header.steps_before = h5::read_integer(leg, "steps_before");
  if (h5::has_attribute(leg, "from_run")) header.from_run = h5::read_string(leg, "from_run");
  if (h5::has_attribute(leg, "from")) header.from = h5::read_string(leg, "from");
  header.deck_given = h5::read_text(leg, "deck/given");
  header.overrides = h5::read_lines(leg, "deck/overrides");
  header.deck_resolved = h5::read_text(leg, "deck/resolved");
  header.hosts = h5::read_lines(leg, "hosts");
  header.grid = read_grid(leg);
  header.flops_per_step = h5::read_real(leg, "flops_per_step");
  if (h5::exists(leg, "set_up"))
    for (const auto& [name, seconds] : run_format::parts)
      header.set_up.*seconds = h5::read_real(h5::open_group(leg, "set_up"), std::string(name));
  const auto plan = h5::open_group(leg, "plan");
  if (h5::has_attribute(plan, "messages")) header.messages = h5::read_string(plan, "messages");
  header.actions = h5::read_lines(leg, "plan/actions");
  header.memory = read_memory(leg, "plan/memory");
  if (h5::exists(leg, "device_memory")) header.device_memory = read_memory(leg, "device_memory");
  return header;
}

}  // namespace

int run_format::newest_leg(const h5::Handle& file) {
  int newest = 0;
  for (const std::string& leg : h5::names_in(h5::open_group(file, "legs")))
    newest = std::max(newest, std::atoi(leg.c_str()));
  if (newest == 0) throw Error(ExitCode::usage, file.path() + ": the run file has no leg");
  return newest;
}

run_format::OpenRun run_format::open(const std::string& path) {
  OpenRun run{.file = h5::open_to_read(path, access(path)), .leg = {}, .version = 0};
  if (!h5::has_attribute(run.file, "format") || h5::read_string(run.file, "format") != mark)
    throw Error(ExitCode::usage, path + ": this is no run file", "its attribute `format` is not `heddle run`",
                "name the run.h5 in a run's output directory");
  run.version = h5::read_integer(run.file, "schema_version");
  if (run.version < 1 || run.version > version)
    throw UnknownVersion(ExitCode::usage, fmt::format("{}: run file of schema version {}", path, run.version),
                         fmt::format("this program reads the versions 1 to {}", version));
  run.leg = h5::open_group(run.file, run.version == 1 ? "/" : leg_name(newest_leg(run.file)));
  return run;
}

void cure(const std::string& path) {
  h5::Handle file = h5::open_to_append(path, h5::curing(run_format::access(path)), h5::Append::anything);
  file.close();
}

RunHeader read_run_header(const std::string& path) {
  const run_format::OpenRun run = run_format::open(path);
  return header_of(run.file, run.leg);
}

std::vector<RunHeader> read_legs(const std::string& path) {
  const run_format::OpenRun run = run_format::open(path);
  if (run.version == 1) return {header_of(run.file, run.leg)};
  std::vector<RunHeader> legs;
  const int newest = run_format::newest_leg(run.file);
  for (int leg = 1; leg <= newest; ++leg)
    legs.push_back(header_of(run.file, h5::open_group(run.file, run_format::leg_name(leg))));
  return legs;
}

std::vector<StepRow> read_steps(const std::string& path) {
  const auto run = run_format::open(path);
  return run_format::read_table<StepRow>(run.file, "steps", run_format::step_row(run.file));
}

std::vector<PassedOver> read_passed_over(const std::string& path) {
  const auto run = run_format::open(path);
  std::vector<PassedOver> all;
  for (int leg = 1; run.version > 1 && leg <= run_format::newest_leg(run.file); ++leg) {
    const std::string table = run_format::leg_name(leg) + "/passed_over";
    if (!h5::exists(run.file, table)) continue;
    const auto rows =
        run_format::read_table<PassedOver>(run.file, table, run_format::passed_over_row(run.file));
    all.insert(all.end(), rows.begin(), rows.end());
  }
  return all;
}

}  // namespace heddle::io
