#include "heddle/session/memory_places.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <fstream>
#include <map>

#include "heddle/base/mebibytes.hpp"
#include "heddle/comm/gather.hpp"
#include "heddle/lanes/device.hpp"
#include "heddle/plan/host_memory.hpp"

namespace heddle::session {
namespace {

constexpr std::size_t most_lines = 64;

}  // namespace

std::vector<std::string> memory_places(const comm::World& world) {
  const auto device = lanes::device();
  if (!device) return world.hosts();
  return comm::gather(world.all(),
                      fmt::format("{} {} on {}", device->name, device->bus, world.hosts()[world.rank()]),
                      comm::Receivers::all, "names of GPUs");
}

std::string text(const std::vector<std::string>& places) {
  std::vector<std::string> in_order;
  std::map<std::string, std::vector<std::size_t>> ranks;
  for (std::size_t rank = 0; rank < places.size(); ++rank) {
    auto& there = ranks[places[rank]];
    if (there.empty()) in_order.push_back(places[rank]);
    there.push_back(rank);
  }
  std::vector<std::string> lines;
  for (const std::string& place : in_order) {
    if (lines.size() == most_lines) {
      lines.push_back(fmt::format("and {} more", in_order.size() - most_lines));
      break;
    }
    const auto& there = ranks.at(place);
    lines.push_back(
        fmt::format("{} {} on {}", there.size() > 1 ? "ranks" : "rank", fmt::join(there, ", "), place));
  }
  return fmt::format("{}", fmt::join(lines, "\n"));
}

double bytes_of_my_place() {
  if (const auto device = lanes::device_memory()) return static_cast<double>(device->total);
  return static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGE_SIZE));
}

void check_memory(const plan::Plan& plan, const std::string& source, const std::vector<std::string>& places,
                  int rank, double bytes) {
  const bool on_device = lanes::device().has_value();
  double taken = 0;                // a plan near 2^63 bytes times the ranks would overflow an integer
  std::map<int, double> of_class;  // ranks of a class differ by a number or two
  for (int other = 0; other < static_cast<int>(places.size()); ++other) {
    if (places[other] != places[rank]) continue;
    const auto [known, first] = of_class.try_emplace(plan.classes.class_of(other));
    if (first)
      known->second =
          static_cast<double>(on_device ? plan.memory(other).bytes() : bytes_of(host_memory(plan, other)));
    taken += known->second;
  }
  if (taken <= bytes) return;
  constexpr double gib = 1 << 30;
  throw Error(
      ExitCode::usage, fmt::format("{}: the ranks on {} take {:.1f} GiB", source, places[rank], taken / gib),
      fmt::format(
          "it has {:.1f}{}", bytes / gib,
          on_device ? "" : "; rank " + std::to_string(rank) + ", MiB: " + text(host_memory(plan, rank))),
      fmt::format(
          "`heddle check` shows what takes it, and more {}, a larger grid.tensor or grid.pipeline, or a "
          "smaller train.batch take less",
          lanes::device() ? "GPUs" : "hosts"));
}

std::optional<DeviceUse> device_use(const std::optional<lanes::DeviceMemory>& at_start) {
  const auto now = lanes::device_memory();
  if (!at_start || !now) return {};
  return DeviceUse{at_start->taken, now->taken, now->total};
}

std::string text(const std::optional<DeviceUse>& use, std::int64_t planned, std::int64_t messages) {
  if (!use) return "";
  return fmt::format(
      "GPU memory of rank 0, MiB: {:.1f} planned and {:.1f} for messages; by all processes on it, with "
      "contexts and libraries, {:.1f} were taken at the start and {:.1f} are once set up, of {:.1f}",
      mebibytes(planned), mebibytes(messages), mebibytes(use->at_start), mebibytes(use->set_up),
      mebibytes(use->all));
}

// Not getrusage: its maximum begins with what the process was before it became this program.
std::int64_t peak_resident_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (std::int64_t kib = 0; word == "VmHWM:" && status >> kib) return kib << 10;
  return 0;
}

}  // namespace heddle::session
