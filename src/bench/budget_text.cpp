// A budget as a table and as JSON.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "budget.hpp"

namespace heddle::bench {
namespace {

std::string cell(double value, int width, int digits) {
  return value > 0 ? fmt::format("{:>{}.{}f}", value, width, digits) : fmt::format("{:>{}}", "-", width);
}

std::string line(const BudgetRow& row, double step) {
  const double floor = row.floor.value_or(0);
  return fmt::format(
      "{:<41}{:>7} {:>9.3f} {:>6.1f} {}{}{}{}{}{}\n", row.name.substr(0, 41),
      row.calls > 0 ? std::to_string(row.calls) : "-", row.seconds * 1e3, 100 * row.seconds / step,
      cell(row.cost.flops / 1e9, 9, 2), cell(row.cost.bytes / 1e6, 10, 1), cell(floor * 1e3, 10, 3),
      cell(floor > 0 ? row.seconds / floor : 0, 8, 2), cell(row.cost.flops / row.seconds / 1e9, 8, 0),
      cell(row.cost.bytes / row.seconds / 1e9, 7, 1));
}

nlohmann::ordered_json object(const BudgetRow& row, double step) {
  nlohmann::ordered_json floor, ratio;  // null where they are unknown
  if (row.floor) floor = *row.floor;
  if (row.floor && *row.floor > 0) ratio = row.seconds / *row.floor;
  return {{"name", row.name},        {"calls", row.calls},
          {"seconds", row.seconds},  {"share", row.seconds / step},
          {"flops", row.cost.flops}, {"bytes", row.cost.bytes},
          {"floor_s", floor},        {"ratio", ratio}};
}

}  // namespace

std::string table(const Budget& budget) {
  std::string text =
      fmt::format("{:<41}{:>7} {:>9} {:>6} {:>9}{:>10}{:>10}{:>8}{:>8}{:>7}\n", "a step of this rank",
                  "calls", "ms", "%", "GFLOP", "MB", "floor ms", "ratio", "GFLOP/s", "GB/s");
  for (const BudgetRow& row : budget.rows) text += line(row, budget.step.seconds);
  return text + line(budget.step, budget.step.seconds);
}

nlohmann::ordered_json object(const MemoryUse& memory) {
  nlohmann::ordered_json members = {{"planned_bytes", memory.planned},
                                    {"allocated_bytes", memory.allocated},
                                    {"resident_bytes", memory.resident}};
  if (memory.device) {
    members["device_start_bytes"] = memory.device->start;
    members["device_set_up_bytes"] = memory.device->set_up;
    members["device_end_bytes"] = memory.device->end;
    members["device_bytes"] = memory.device->total;
  }
  return members;
}

nlohmann::ordered_json object(const Budget& budget) {
  const double step = budget.step.seconds;
  nlohmann::ordered_json all = {{"rank", int{budget.rank}},
                                {"pipeline_rank", int{budget.pipeline_rank}},
                                {"stages", std::vector<int>(budget.stages.begin(), budget.stages.end())},
                                {"gemm_flops_per_s", budget.rates.flops},
                                {"copy_bytes_per_s", budget.rates.bytes}};
  all.update(object(budget.memory));
  all["step"] = object(budget.step, step);
  all["rows"] = nlohmann::ordered_json::array();
  for (const BudgetRow& row : budget.rows) all["rows"].push_back(object(row, step));
  return all;
}

}  // namespace heddle::bench
