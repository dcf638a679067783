#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "action_times.hpp"
#include "heddle/base/utc.hpp"
#include "heddle/build_info.hpp"
#include "run_format.hpp"
#include "vocabulary_format.hpp"

namespace heddle::io {
namespace {

void write_build(const h5::Handle& leg) {
  const auto build = h5::create_group(leg, "build");
  h5::write_attribute(build, "version", std::string_view(build_info::version));
  h5::write_attribute(build, "git_state", std::string_view(build_info::git_state));
  h5::write_attribute(build, "compiler", std::string_view(build_info::compiler));
  h5::write_attribute(build, "build_type", std::string_view(build_info::build_type));
}

void write_grid(const h5::Handle& file, const maps::Grid& grid) {
  const auto group = h5::create_group(file, "grid");
  for (auto axis : maps::all_axes)
    h5::write_attribute(group, std::string(maps::name(axis)), std::int64_t{grid.extent(axis)});
  std::string order;
  for (auto axis : grid.order()) order += fmt::format("{}{}", order.empty() ? "" : " ", maps::name(axis));
  h5::write_attribute(group, "order", order);
}

/// HDF5 takes rows of plain bytes: the rank, the bytes, and the name padded to the longest.
void write_memory(const h5::Handle& group, const std::string& name,
                  const std::vector<MemoryRegion>& regions) {
  std::size_t width = 1;
  for (const auto& one : regions) width = std::max(width, one.region.size());
  const std::size_t row_bytes = 2 * sizeof(std::int64_t) + width;
  std::vector<char> rows(regions.size() * row_bytes, '\0');
  for (std::size_t i = 0; i < regions.size(); ++i) {
    char* row = rows.data() + i * row_bytes;
    std::memcpy(row, &regions[i].rank, sizeof(std::int64_t));
    std::memcpy(row + sizeof(std::int64_t), &regions[i].bytes, sizeof(std::int64_t));
    std::ranges::copy(regions[i].region, row + 2 * sizeof(std::int64_t));
  }
  run_format::create_table(group, name, run_format::memory_row(group, width, row_bytes), rows.data(),
                           regions.size());
}

void create_growing(const h5::Handle& file, const std::string& name, const run_format::RowType& row) {
  constexpr hsize_t chunk = 2048;  // rows
  h5::create_dataset(file, name, row.file.id(), h5::extendable_space(file),
                     h5::chunked(file, {&chunk, 1}, h5::Checksum::none).id());
}

/// All rows are there from the beginning, so that a full disk cannot refuse them later.
void create_times(const h5::Handle& leg, int ranks) {
  const std::vector<ActionTime> none = ActionTimes(ranks).rows();
  run_format::create_table(leg, "times/actions", run_format::action_time_row(leg), none.data(), none.size());
  const StepTimes no_steps;
  run_format::create_table(leg, "times/steps", run_format::step_times_row(leg), &no_steps, 1);
}

void write_set_up(const h5::Handle& leg, const SetUp& took) {
  const auto group = h5::create_group(leg, "set_up");
  for (const auto& [name, seconds] : run_format::parts)
    h5::write_attribute(group, std::string(name), took.*seconds);
}

}  // namespace

std::string run_format::leg_name(int number) { return fmt::format("legs/{}", number); }

void run_format::write_leg(const h5::Handle& leg, const RunHeader& header) {
  h5::write_attribute(leg, "started", utc_now());
  h5::write_attribute(leg, "steps_before", header.steps_before);
  if (!header.from.empty()) h5::write_attribute(leg, "from", header.from);
  if (!header.from_run.empty()) h5::write_attribute(leg, "from_run", header.from_run);
  h5::write_attribute(leg, "flops_per_step", header.flops_per_step);
  write_set_up(leg, header.set_up);
  write_build(leg);
  h5::write_lines(leg, "hosts", header.hosts);
  write_grid(leg, header.grid);

  const auto deck = h5::create_group(leg, "deck");
  h5::write_text(deck, "given", header.deck_given);
  h5::write_lines(deck, "overrides", header.overrides);
  h5::write_text(deck, "resolved", header.deck_resolved);

  const auto plan = h5::create_group(leg, "plan");
  h5::write_attribute(plan, "messages", header.messages);
  h5::write_lines(plan, "actions", header.actions);
  write_memory(plan, "memory", header.memory);
  write_memory(leg, "device_memory", header.device_memory);

  create_growing(leg, "passed_over", run_format::passed_over_row(leg));
  create_times(leg, header.grid.size());
  const auto events = h5::create_group(leg, "events");
  for (int rank = 0; rank < header.grid.size(); ++rank)
    create_growing(events, std::to_string(rank), run_format::event_row(leg));
}

void run_format::write_header(const h5::Handle& file, const RunHeader& header) {
  h5::write_attribute(file, "format", run_format::mark);
  h5::write_attribute(file, "schema_version", run_format::version);
  h5::write_attribute(file, "run", header.run);
  h5::write_attribute(file, "finished", std::int64_t{0});
  h5::write_attribute(file, "parameters", header.parameters);
  write_vocabulary(h5::create_group(file, "tokenizer"), header.vocabulary);
  create_growing(file, "steps", run_format::step_row(file));
  write_leg(h5::create_group(file, leg_name(1)), header);
}

}  // namespace heddle::io
