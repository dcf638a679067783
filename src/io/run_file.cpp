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

namespace {

/// What a run's file holds of the steps before a new leg.
struct Before {
  int legs = 0;
  std::size_t steps = 0;
  StepRow last = {};  ///< of them
  std::int64_t event_bytes = 0;
};

std::int64_t event_bytes_in(const h5::Handle& file, int legs) {
  std::int64_t rows = 0;
  for (int leg = 1; leg <= legs; ++leg) {
    const h5::Handle events = h5::open_group(file, run_format::leg_name(leg) + "/events");
    for (const std::string& rank : h5::names_in(events))
      rows += static_cast<std::int64_t>(h5::rows_of(h5::open_dataset(events, rank), "events"));
  }
  return rows * event_row_bytes;
}

Before earlier_legs(const std::string& path, const RunHeader& header) {
  const run_format::OpenRun run = run_format::open(path);
  if (run.version == 1)
    throw Error(ExitCode::usage, path + ": a run file of schema version 1 cannot go on",
                "it has no id and no legs", "give another output.directory");
  if (const std::string id = h5::read_string(run.file, "run"); id != header.run)
    throw Error(ExitCode::usage, fmt::format("{}: it is another run's", path),
                fmt::format("its run is {}, the checkpoint's {}", id, header.run),
                "give another output.directory");
  Before earlier{.legs = run_format::newest_leg(run.file)};
  for (const StepRow& row :
       run_format::read_table<StepRow>(run.file, "steps", run_format::step_row(run.file))) {
    if (row.step > header.steps_before) break;
    ++earlier.steps;
    earlier.last = row;
  }
  earlier.event_bytes = event_bytes_in(run.file, earlier.legs);
  return earlier;
}

}  // namespace

struct RunFile::Parts {
  Parts(std::string the_path, const RunHeader& header, EventBound bound)
      : path(std::move(the_path)), kept(bound), times(header.grid.size()), events(header.grid.size()) {}

  void flush();
  std::string of_leg(const std::string& name) const {
    return fmt::format("{}/{}", run_format::leg_name(leg), name);
  }

  std::string path;
  int leg = 1;
  std::size_t before = 0;  ///< rows of steps of earlier legs
  StepRow last_before;     ///< of them; of step 0 where there are none
  KeptEvents kept;
  ActionTimes times;
  std::vector<StepRow> steps;
  std::vector<PassedOver> passed_over;
  std::vector<std::vector<EventRow>> events;  ///< of each rank
};

RunFile::RunFile(std::string path, const RunHeader& header, EventBound bound)
    : RunFile(std::make_unique<Parts>(std::move(path), header, bound)) {
  make_folder_of(parts_->path);
  AsideFile aside(parts_->path);
  h5::write_new(aside.partial(), run_format::access(parts_->path),
                [&](const h5::Handle& file) { run_format::write_header(file, header); });
  aside.commit();
}

RunFile RunFile::go_on(std::string path, const RunHeader& header, EventBound bound) {
  const Before earlier = earlier_legs(path, header);
  bound.bytes = std::max<std::int64_t>(bound.bytes - earlier.event_bytes, 0);
  auto parts = std::make_unique<Parts>(std::move(path), header, bound);
  parts->leg = earlier.legs + 1;
  parts->before = earlier.steps;
  parts->last_before = earlier.last;
  AsideFile aside(parts->path);
  const h5::Handle access = run_format::access(parts->path);
  h5::write_copy(aside.partial(), access, [&](const h5::Handle& file) {
    run_format::write_leg(h5::create_group(file, run_format::leg_name(parts->leg)), header);
  });
  auto file = h5::open_to_append(aside.partial(), access, h5::Append::anything);
  h5::write_attribute(file, "finished", std::int64_t{0});
  h5::shorten(h5::open_dataset(file, "steps"), parts->before);
  file.close();
  aside.commit();
  return RunFile(std::move(parts));
}

RunFile::RunFile(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
RunFile::RunFile(RunFile&&) noexcept = default;
RunFile& RunFile::operator=(RunFile&&) noexcept = default;
RunFile::~RunFile() = default;

const std::string& RunFile::path() const { return parts_->path; }
double RunFile::seconds_before() const { return parts_->last_before.seconds; }

void RunFile::validated(std::int64_t step, double loss) {
  if (parts_->last_before.step != step) return;
  parts_->last_before.validation_loss = loss;
  auto file = h5::open_to_append(parts_->path, run_format::access(parts_->path), h5::Append::rows);
  h5::write_rows(h5::open_dataset(file, "steps"), run_format::step_row(file).memory.id(),
                 &parts_->last_before, parts_->before - 1, 1);
  file.close();
}

void RunFile::add(const StepRow& row) { parts_->steps.push_back(row); }
void RunFile::add(const PassedOver& row) { parts_->passed_over.push_back(row); }

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
  const auto step = run_format::step_row(file), event = run_format::event_row(file),
             passed = run_format::passed_over_row(file);
  std::vector<Rows> all;
  all.push_back({h5::open_dataset(file, "steps"), steps.data(), steps.size(), step.memory.id()});
  if (!passed_over.empty())
    all.push_back({h5::open_dataset(file, of_leg("passed_over")), passed_over.data(), passed_over.size(),
                   passed.memory.id()});
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
  passed_over.clear();
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
