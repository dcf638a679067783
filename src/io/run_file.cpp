#include "heddle/io/run_file.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <filesystem>

#include "hdf5.hpp"
#include "heddle/base/aside_file.hpp"
#include "heddle/base/disk_space.hpp"
#include "heddle/build_info.hpp"
#include "run_format.hpp"
#include "vocabulary_format.hpp"

namespace heddle::io {
namespace {

void write_provenance(const h5::Handle& file) {
  h5::write_attribute(file, "format", run_format::name);
  h5::write_attribute(file, "schema_version", run_format::version);
  h5::write_attribute(file, "finished", std::int64_t{0});
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  h5::write_attribute(file, "started", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", now));
  const auto build = h5::create_group(file, "build");
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
  const auto type = run_format::memory_row(group, width, row_bytes);
  const hsize_t count = regions.size();
  const auto table = h5::create_dataset(group, name, type.file.id(), h5::simple_space(group, {&count, 1}));
  if (count > 0)
    table.check(H5Dwrite(table.id(), type.memory.id(), H5S_ALL, H5S_ALL, H5P_DEFAULT, rows.data()),
                "write what takes memory");
}

void create_table(const h5::Handle& file, const std::string& name, const run_format::RowType& row) {
  constexpr hsize_t chunk = 2048;  // rows
  h5::create_dataset(file, name, row.file.id(), h5::extendable_space(file),
                     h5::chunked(file, {&chunk, 1}, h5::Checksum::none).id());
}

void write_header(const h5::Handle& file, const RunHeader& header) {
  write_provenance(file);
  h5::write_attribute(file, "parameters", header.parameters);
  h5::write_attribute(file, "flops_per_step", header.flops_per_step);
  h5::write_lines(file, "hosts", header.hosts);
  write_grid(file, header.grid);

  const auto deck = h5::create_group(file, "deck");
  h5::write_text(deck, "given", header.deck_given);
  h5::write_lines(deck, "overrides", header.overrides);
  h5::write_text(deck, "resolved", header.deck_resolved);
  write_vocabulary(h5::create_group(file, "tokenizer"), header.vocabulary);

  const auto plan = h5::create_group(file, "plan");
  h5::write_attribute(plan, "messages", header.messages);
  h5::write_lines(plan, "actions", header.actions);
  write_memory(plan, "memory", header.memory);
  write_memory(file, "device_memory", header.device_memory);

  create_table(file, "steps", run_format::step_row(file));
  const auto events = h5::create_group(file, "events");
  for (int rank = 0; rank < header.grid.size(); ++rank)
    create_table(events, std::to_string(rank), run_format::event_row(file));
}

}  // namespace

RunFile::RunFile(std::string path, const RunHeader& header) : path_(std::move(path)) {
  make_folder_of(path_);
  AsideFile aside(path_);
  h5::write_new(aside.partial(), run_format::access(path_),
                [&](const h5::Handle& file) { write_header(file, header); });
  aside.commit();
}

void RunFile::add(Rank rank, std::span<const EventRow> rows) {
  auto& kept = events_[rank];
  kept.insert(kept.end(), rows.begin(), rows.end());
}

void RunFile::flush() {
  auto file = h5::open_to_append(path_, run_format::access(path_), h5::Append::rows);
  const auto steps = h5::open_dataset(file, "steps");
  std::map<int, h5::Handle> events;
  std::int64_t growth = h5::growth_of(steps, steps_.size());
  for (const auto& [rank, rows] : events_) {
    events.emplace(rank, h5::open_dataset(file, fmt::format("events/{}", rank)));
    growth += h5::growth_of(events.at(rank), rows.size());
  }
  // Rows of all tables or of none: what was refused is written later, and once.
  reserve_space(
      path_, static_cast<std::int64_t>(std::filesystem::file_size(path_)) + growth + h5::metadata_of(growth),
      path_);
  h5::append(steps, run_format::step_row(file).memory.id(), steps_.data(), steps_.size());
  const auto event = run_format::event_row(file);
  for (const auto& [rank, rows] : events_)
    h5::append(events.at(rank), event.memory.id(), rows.data(), rows.size());
  file.close();
  steps_.clear();
  for (auto& [rank, rows] : events_) rows.clear();
}

void RunFile::finish() {
  flush();
  auto file = h5::open_to_append(path_, run_format::access(path_), h5::Append::anything);
  h5::write_attribute(file, "finished", std::int64_t{1});
  file.close();
}

}  // namespace heddle::io
