#include "heddle/io/run_file.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <random>
#include <utility>

#include "action_times.hpp"
#include "hdf5.hpp"
#include "heddle/base/aside_file.hpp"
#include "heddle/base/disk_space.hpp"
#include "kept_events.hpp"
#include "run_format.hpp"

namespace heddle::io {

std::string new_run_id() {
  std::random_device draw;
  return fmt::format("{:08x}{:08x}", draw(), draw());
}

struct RunFile::Parts {
  void flush();
  std::string of_leg(const std::string& name) const {
    return fmt::format("{}/{}", run_format::first_leg, name);
  }

  std::string path;
  KeptEvents kept;
  ActionTimes times;
  std::vector<StepRow> steps;
  std::vector<std::vector<EventRow>> events;  ///< of each rank
};

RunFile::RunFile(std::string path, const RunHeader& header, EventBound bound)
    : parts_(new Parts{.path = std::move(path),
                       .kept = KeptEvents(bound),
                       .times = ActionTimes(header.grid.size()),
                       .steps = {},
                       .events = std::vector<std::vector<EventRow>>(header.grid.size())}) {
  make_folder_of(parts_->path);
  AsideFile aside(parts_->path);
  h5::write_new(aside.partial(), run_format::access(parts_->path),
                [&](const h5::Handle& file) { run_format::write_header(file, header); });
  aside.commit();
}

RunFile::RunFile(RunFile&&) noexcept = default;
RunFile& RunFile::operator=(RunFile&&) noexcept = default;
RunFile::~RunFile() = default;

const std::string& RunFile::path() const { return parts_->path; }
void RunFile::add(const StepRow& row) { parts_->steps.push_back(row); }

void RunFile::add(std::span<const std::vector<EventRow>> ranks) {
  parts_->times.add(ranks);
  const auto rows = parts_->kept.choose(ranks);
  for (std::size_t rank = 0; rank < rows.size(); ++rank)
    parts_->events.at(rank).insert(parts_->events[rank].end(), rows[rank].begin(), rows[rank].end());
}

void RunFile::Parts::flush() {
  auto file = h5::open_to_append(path, run_format::access(path), h5::Append::rows);
  struct Rows {
    h5::Handle table;
    const void* data;
    std::size_t count;
    hid_t type;
  };
  const auto step = run_format::step_row(file), event = run_format::event_row(file);
  std::vector<Rows> all;
  all.push_back({h5::open_dataset(file, "steps"), steps.data(), steps.size(), step.memory.id()});
  for (std::size_t rank = 0; rank < events.size(); ++rank)
    if (!events[rank].empty())
      all.push_back({h5::open_dataset(file, of_leg(fmt::format("events/{}", rank))), events[rank].data(),
                     events[rank].size(), event.memory.id()});
  std::int64_t growth = 0;
  for (const Rows& rows : all) growth += h5::growth_of(rows.table, rows.count);
  // Rows of all tables or of none: what was refused is written later, and once.
  reserve_space(
      path, static_cast<std::int64_t>(std::filesystem::file_size(path)) + growth + h5::metadata_of(growth),
      path);
  for (const Rows& rows : all) h5::append(rows.table, rows.type, rows.data, rows.count);
  run_format::rewrite_table(file, of_leg("times/actions"), run_format::action_time_row(file),
                            times.rows().data());
  const StepTimes of_steps = times.steps();
  run_format::rewrite_table(file, of_leg("times/steps"), run_format::step_times_row(file), &of_steps);
  all.clear();
  file.close();
  steps.clear();
  for (auto& rows : events) rows.clear();
}

void RunFile::flush() { parts_->flush(); }

void RunFile::finish() {
  flush();
  auto file = h5::open_to_append(parts_->path, run_format::access(parts_->path), h5::Append::anything);
  h5::write_attribute(file, "finished", std::int64_t{1});
  file.close();
}

}  // namespace heddle::io
