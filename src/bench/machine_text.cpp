#include "machine_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

namespace heddle::bench {
namespace {

constexpr std::size_t widest_name = 66;

std::string number_of(int count, const char* one) {
  return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

}  // namespace

std::string text(double value, Unit unit) {
  constexpr std::array words = {"FLOP/s", "B/s", "s"};
  constexpr std::array prefixes = {"n", "u", "m", "", "k", "M", "G", "T", "P"};
  std::size_t prefix = 0;
  for (value *= 1e9; value >= 1000 && prefix + 1 < prefixes.size(); value /= 1000) ++prefix;
  return fmt::format("{:.4g} {}{}", value, prefixes[prefix], words[static_cast<std::size_t>(unit)]);
}

std::string table(const std::vector<Figure>& figures) {
  const auto line = [](const std::string& what, const std::string& median, const std::string& least,
                       const std::string& most) {
    return fmt::format("{:<{}}{:>18}{:>18}{:>18}\n", what.substr(0, widest_name), widest_name, median, least,
                       most);
  };
  std::string all = line("of a rank, all at work", "median", "least", "most of a rank");
  for (const auto& [what, unit, of_ranks] : figures)
    all += line(what, text(of_ranks.median, unit), text(of_ranks.least, unit), text(of_ranks.most, unit));
  return all;
}

std::string machine_file(const Origin& origin, const std::vector<MachineKey>& keys) {
  std::string all = fmt::format(
      "# Measured by `heddle bench --machine` of {} on {}: {} on {}, {}.\n"
      "# Of a rank while all are at work: medians of samples, and of the ranks.\n"
      "[machine]\n",
      origin.program, origin.when, number_of(origin.ranks, "rank"), number_of(origin.nodes, "node"),
      fmt::join(origin.processors, "; "));
  for (const auto& [name, value, remark] : keys)
    all += value ? fmt::format("{:<27} # {}\n", name + " = " + *value, remark)
                 : fmt::format("# {} is left out: {}\n", name, remark);
  return all;
}

}  // namespace heddle::bench
