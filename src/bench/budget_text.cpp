// A budget as a table and as JSON.
#include <fmt/format.h>

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

std::string json(const BudgetRow& row, double step) {
  const auto number = [](bool known, double value) { return known ? fmt::format("{:.6g}", value) : "null"; };
  const bool has_ratio = row.floor && *row.floor > 0;
  return fmt::format(
      R"({{"name": {}, "calls": {}, "seconds": {:.6g}, "share": {:.6g}, "flops": {:.6g}, "bytes": {:.6g}, "floor_s": {}, "ratio": {}}})",
      json_text(row.name), row.calls, row.seconds, row.seconds / step, row.cost.flops, row.cost.bytes,
      number(row.floor.has_value(), row.floor.value_or(0)),
      number(has_ratio, has_ratio ? row.seconds / *row.floor : 0));
}

}  // namespace

std::string table(const Budget& budget) {
  std::string text =
      fmt::format("{:<41}{:>7} {:>9} {:>6} {:>9}{:>10}{:>10}{:>8}{:>8}{:>7}\n", "a step of this rank",
                  "calls", "ms", "%", "GFLOP", "MB", "floor ms", "ratio", "GFLOP/s", "GB/s");
  for (const BudgetRow& row : budget.rows) text += line(row, budget.step.seconds);
  return text + line(budget.step, budget.step.seconds);
}

std::string json_members(const MemoryUse& memory) {
  return fmt::format(R"("planned_bytes": {}, "allocated_bytes": {}, "resident_bytes": {})", memory.planned,
                     memory.allocated, memory.resident);
}

std::string json(const Budget& budget) {
  std::string rows;
  for (const BudgetRow& row : budget.rows) {
    if (!rows.empty()) rows += ",\n      ";
    rows += json(row, budget.step.seconds);
  }
  return fmt::format(
      "{{\"rank\": {}, \"stage\": {}, \"gemm_flops_per_s\": {:.6g}, \"copy_bytes_per_s\": {:.6g}, "
      "{},\n    \"step\": {},\n    \"rows\": [\n      {}]}}",
      budget.rank, budget.stage, budget.rates.flops, budget.rates.bytes, json_members(budget.memory),
      json(budget.step, budget.step.seconds), rows);
}

std::string json_text(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20)
      out += fmt::format("\\u{:04x}", static_cast<int>(c));
    else
      out += c;
  }
  return out + '"';
}

}  // namespace heddle::bench
