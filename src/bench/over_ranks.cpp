#include "over_ranks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "heddle/comm/gather.hpp"
#include "sampling.hpp"

namespace heddle::bench {

double OverRanks::figure(std::string what, Unit unit, std::optional<double> mine) {
  const std::vector<double> some = mine ? std::vector{*mine} : std::vector<double>();
  std::vector<double> all;
  for (const auto& rank : comm::gather_rows<double>(ranks_, some, comm::Receivers::all, "rates"))
    all.insert(all.end(), rank.begin(), rank.end());
  HEDDLE_EXPECT(!all.empty());
  const auto [least, most] = std::ranges::minmax(all);
  report_.figures.push_back({std::move(what), unit, {median(all), least, most}});
  return report_.figures.back().of_ranks.median;
}

void OverRanks::key(std::string name, double value, std::string remark) {
  key(std::move(name), fmt::format("{:.4g}", value), std::move(remark));
}

void OverRanks::key(std::string name, std::optional<std::string> value, std::string remark) {
  report_.keys.push_back({std::move(name), std::move(value), std::move(remark)});
}

}  // namespace heddle::bench
