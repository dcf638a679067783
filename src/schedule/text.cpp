// Reads and writes the cells.
#include "heddle/schedule/text.hpp"

#include <fmt/format.h>

#include <charconv>

#include "heddle/base/error.hpp"

namespace heddle::schedule {
namespace {

/// Beyond this a number is a slip of the pen, and tables by stage or microbatch would grow without sense.
constexpr int largest_number = 1'000'000;

/// Takes a number from the front of `text`; -1 when there is none or it is too large.
int take_number(std::string_view& text) {
  int number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || text.front() == '-' || number > largest_number) return -1;
  text.remove_prefix(end - text.data());
  return number;
}

std::optional<ActionKind> take_kind(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find_first_of("0123456789."));
  for (int kind = 0; kind < action_kind_count; ++kind) {
    if (name(static_cast<ActionKind>(kind)) != word) continue;
    text.remove_prefix(word.size());
    return static_cast<ActionKind>(kind);
  }
  return {};
}

/// nullopt when `cell` is no action.
std::optional<Action> parse_action(std::string_view cell) {
  Action action;
  if ((action.stage = take_number(cell)) < 0) return {};
  const auto kind = take_kind(cell);
  if (!kind) return {};
  action.kind = *kind;
  if (is_per_stage(action.kind)) return cell.empty() ? std::optional(action) : std::nullopt;
  if ((action.microbatch = take_number(cell)) < 0) return {};
  if (cell.empty()) return action;
  if (cell.front() != '.') return {};
  cell.remove_prefix(1);
  if ((action.slice = take_number(cell)) < 0 || !cell.empty()) return {};
  return action;
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

/// Takes the part of `text` before `separator` from its front, and the separator.
std::string_view take_until(std::string_view& text, char separator) {
  const auto at = text.find(separator);
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return part;
}

std::vector<Cell> parse_row(std::string_view line, std::string_view source, std::size_t row) {
  std::vector<Cell> cells;
  if (trim(line).empty()) return cells;
  const bool idle_at_end = line.back() == ',';
  while (!line.empty()) {
    const std::string_view text = trim(take_until(line, ','));
    cells.push_back(text.empty() ? Cell() : parse_action(text));
    if (!text.empty() && !cells.back())
      throw Error(
          ExitCode::usage,
          fmt::format("{}: row {}, column {}: '{}' is not an action", source, row, cells.size(), text),
          "a cell is a stage, one of F B I W SEND_F RECV_F SEND_B RECV_B and a microbatch, as 2F0 or "
          "1RECV_B3, "
          "or a stage and REDUCE_GRAD or STEP");
  }
  if (idle_at_end) cells.emplace_back();
  return cells;
}

}  // namespace

Cells read_cells(std::string_view text, std::string_view source) {
  Cells cells;
  while (!text.empty()) {
    std::string_view line = take_until(text, '\n');
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    cells.push_back(parse_row(line, source, cells.size() + 1));
  }
  return cells;
}

Schedule read_schedule(std::string_view text, std::string_view source) {
  return schedule_of(read_cells(text, source));
}

std::string write(const Cells& cells) {
  std::string text;
  for (const auto& row : cells) {
    for (std::size_t column = 0; column < row.size(); ++column) {
      if (column > 0) text += ',';
      if (row[column]) text += name(*row[column]);
    }
    text += '\n';
  }
  return text;
}

std::string write(const Schedule& schedule) {
  Cells cells;
  for (const Row& row : schedule.rows) cells.emplace_back(row.begin(), row.end());
  return write(cells);
}

}  // namespace heddle::schedule
