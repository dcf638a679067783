// Events and what they took, as a run's file has them. Rows of a rank lie in the order of steps, so that a few steps are found by halving
// and read alone.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "heddle/io/run_file.hpp"
#include "run_format.hpp"

namespace heddle::io {
namespace {

/// One rank's table.
class Table {
 public:
  explicit Table(h5::Handle dataset) : dataset_(std::move(dataset)) {}

  std::int64_t size() const { return size_; }
  std::vector<EventRow> rows(std::int64_t begin, std::int64_t end) const {
    std::vector<EventRow> rows(static_cast<std::size_t>(end - begin));
    read(begin, rows.size(), run_format::event_row(dataset_).memory, rows.data());
    return rows;
  }
  std::int64_t step_of(std::int64_t row) const {
    std::int64_t step = 0;
    read(row, 1, step_, &step);
    return step;
  }
  /// The first row of a step that is not before this one.
  std::int64_t first_of(std::int64_t step) const {
    std::int64_t begin = 0, end = size();
    while (begin < end) {
      const std::int64_t middle = begin + (end - begin) / 2;
      if (step_of(middle) < step)
        begin = middle + 1;
      else
        end = middle;
    }
    return begin;
  }

 private:
  void read(std::int64_t begin, std::size_t rows, const h5::Handle& type, void* to) const {
    if (rows == 0) return;
    const hsize_t count = rows;
    const Shape extent{static_cast<std::int64_t>(rows)};
    const h5::Handle place = h5::block_of(dataset_, Shape{size_}, Shape{begin}, extent),
                     memory = h5::simple_space(dataset_, {&count, 1});
    const h5::Handle transfer(H5Pcreate(H5P_DATASET_XFER), H5Pclose, dataset_, "prepare a transfer");
    constexpr std::size_t buffer =
        64 << 10;  // bytes; HDF5's own is 1 MiB, which takes longer to make than a row to read
    transfer.check(H5Pset_buffer(transfer.id(), buffer, nullptr, nullptr), "prepare a transfer");
    dataset_.check(H5Dread(dataset_.id(), type.id(), memory.id(), place.id(), transfer.id(), to),
                   "read events");
  }

  h5::Handle dataset_;
  std::int64_t size_ = static_cast<std::int64_t>(h5::rows_of(dataset_, "events"));
  h5::Handle step_ = run_format::step_column(dataset_);
};

}  // namespace

struct StoredEvents::Parts {
  run_format::OpenRun run;
  std::vector<Table> tables;  ///< of each rank
};

StoredEvents::StoredEvents(const std::string& path) : parts_(new Parts{run_format::open(path), {}}) {
  for (std::string name = "events/0"; h5::exists(parts_->run.leg, name);
       name = fmt::format("events/{}", parts_->tables.size()))
    parts_->tables.emplace_back(h5::open_dataset(parts_->run.leg, name));
}

StoredEvents::StoredEvents(StoredEvents&&) noexcept = default;
StoredEvents& StoredEvents::operator=(StoredEvents&&) noexcept = default;
StoredEvents::~StoredEvents() = default;

int StoredEvents::ranks() const { return static_cast<int>(parts_->tables.size()); }

std::vector<EventRow> StoredEvents::of(Rank rank, std::int64_t first, std::int64_t last) const {
  if (rank < 0 || rank >= ranks()) return {};
  const Table& table = parts_->tables[static_cast<std::size_t>(rank)];
  return table.rows(table.first_of(first), table.first_of(last + 1));
}

std::optional<std::int64_t> StoredEvents::from(std::int64_t step) const {
  std::optional<std::int64_t> nearest;
  for (const Table& table : parts_->tables)
    if (const std::int64_t row = table.first_of(step); row < table.size()) {
      const std::int64_t found = table.step_of(row);
      nearest = std::min(nearest.value_or(found), found);
    }
  return nearest;
}

std::optional<std::int64_t> StoredEvents::before(std::int64_t step) const {
  std::optional<std::int64_t> nearest;
  for (const Table& table : parts_->tables)
    if (const std::int64_t row = table.first_of(step); row > 0) {
      const std::int64_t found = table.step_of(row - 1);
      nearest = std::max(nearest.value_or(found), found);
    }
  return nearest;
}

std::vector<ActionTime> read_action_times(const std::string& path) {
  const auto run = run_format::open(path);
  if (!h5::exists(run.leg, "times")) return {};
  return run_format::read_table<ActionTime>(run.leg, "times/actions", run_format::action_time_row(run.leg));
}

StepTimes read_step_times(const std::string& path) {
  const auto run = run_format::open(path);
  if (!h5::exists(run.leg, "times")) return {};
  return run_format::read_table<StepTimes>(run.leg, "times/steps", run_format::step_times_row(run.leg)).at(0);
}

}  // namespace heddle::io
