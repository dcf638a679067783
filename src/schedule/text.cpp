// Reads and writes the cells.
#include "heddle/schedule/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "heddle/base/error.hpp"

namespace heddle::schedule {
namespace {

/// Beyond this a number is a slip of the pen, and tables by stage or microbatch would grow without sense.
constexpr int largest_number = 1'000'000;

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
  if ((action.stage = Stage(take_number(cell))) < 0) return {};
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

/// What torch.distributed.pipelining writes and Heddle does by itself: a send is complete when its buffer is
/// needed again, a reduction when STEP begins.
bool waits_by_itself(std::string_view cell) {
  if (take_number(cell) < 0) return false;
  for (const std::string_view word : {"WAIT_SEND_F", "WAIT_SEND_B", "WAIT_REDUCE_GRAD"})
    if (cell.starts_with(word)) {
      cell.remove_prefix(word.size());
      return cell.empty() || (take_number(cell) >= 0 && cell.empty());
    }
  return false;
}

bool gathers_parameters(std::string_view cell) {
  return take_number(cell) >= 0 && (cell == "UNSHARD" || cell == "RESHARD");
}

/// "(2F5;5B3)OVERLAP_F_B": actions that torch.distributed.pipelining computes at the same time, here one
/// after another. Empty when it is none.
std::vector<Cell> parse_overlap(std::string_view cell) {
  constexpr std::string_view word = ")OVERLAP_F_B";
  if (!cell.starts_with('(') || !cell.ends_with(word)) return {};
  std::string_view inner = cell.substr(1, cell.size() - 1 - word.size());
  std::vector<Cell> actions;
  while (!inner.empty()) {
    actions.emplace_back(parse_action(trim(take_until(inner, ';'))));
    if (!actions.back() || !is_compute(actions.back()->kind)) return {};
  }
  return actions;
}

/// The cells that a text stands for; nothing when it is no action.
std::optional<std::vector<Cell>> parse_cells(std::string_view text) {
  if (text.empty()) return std::vector{Cell()};
  if (const auto action = parse_action(text)) return std::vector{Cell(action)};
  if (waits_by_itself(text)) return std::vector<Cell>();
  auto actions = parse_overlap(text);
  return actions.empty() ? std::nullopt : std::optional(std::move(actions));
}

std::string_view why_no_action(std::string_view text) {
  if (gathers_parameters(text)) return "parameters are never sharded along the pipeline";
  return "a cell is a stage, one of F B I W SEND_F RECV_F SEND_B RECV_B and a microbatch, or a stage and "
         "REDUCE_GRAD or STEP";
}

std::string_view fix_of_no_action(std::string_view text) {
  return gathers_parameters(text) ? "write the file compute-only" : "write it as 2F0, 1RECV_B3 or 0STEP";
}

/// A cell for a message: cut short, and only what can be printed.
std::string shown(std::string_view cell) {
  constexpr std::size_t longest = 40;
  std::string text(cell.substr(0, longest));
  for (char& c : text)
    if (c < 0x20 || c > 0x7e) c = '?';
  return cell.size() > longest ? text + "..." : text;
}

bool separates(char c) { return c == ',' || c == ';'; }

/// Takes the next cell from the front of `line`, and the separator behind it. What overlaps has separators of its own.
std::string_view take_cell(std::string_view& line) {
  std::size_t end = 0;
  for (bool inside = false; end < line.size() && (inside || !separates(line[end])); ++end)
    inside = line[end] == '(' || (inside && line[end] != ')');
  std::string_view cell = trim(line.substr(0, end));
  line.remove_prefix(std::min(end + 1, line.size()));
  const bool quoted = cell.size() > 1 && cell.front() == '"' && cell.back() == '"';
  return quoted ? trim(cell.substr(1, cell.size() - 2)) : cell;
}

/// Of editors that put a byte-order mark before a text, and lines without a cell behind it.
std::string_view without_edges(std::string_view text) {
  constexpr std::string_view mark = "\xef\xbb\xbf";
  if (text.starts_with(mark)) text.remove_prefix(mark.size());
  const auto last = text.find_last_not_of(" \t\r\n");
  return last == std::string_view::npos ? "" : text.substr(0, text.find('\n', last));
}

std::vector<Cell> parse_row(std::string_view line, std::string_view source, std::size_t row) {
  std::vector<Cell> cells;
  if (trim(line).empty()) return cells;
  const bool idle_at_end = separates(line.back());
  for (std::size_t column = 1; !line.empty(); ++column) {
    const std::string_view text = take_cell(line);
    const auto actions = parse_cells(text);
    if (!actions)
      throw Error(
          ExitCode::usage,
          fmt::format("{}: row {}, column {}: '{}' is not an action", source, row, column, shown(text)),
          std::string(why_no_action(text)), std::string(fix_of_no_action(text)));
    cells.insert(cells.end(), actions->begin(), actions->end());
  }
  if (idle_at_end) cells.emplace_back();
  return cells;
}

}  // namespace

Cells read_cells(std::string_view text, std::string_view source) {
  Cells cells;
  text = without_edges(text);
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
  if (text.ends_with("\n\n")) {  // the last rank idles, and an empty line would be no rank
    text.back() = ',';
    text += '\n';
  }
  return text;
}

std::string write(const Schedule& schedule) { return write(cells_of(schedule)); }

}  // namespace heddle::schedule
