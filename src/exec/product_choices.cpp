#include "heddle/exec/product_choices.hpp"

#include <algorithm>
#include <chrono>

#include "heddle/comm/gather.hpp"
#include "heddle/comm/watchdog.hpp"

namespace heddle::exec {
namespace {

using kernels::ProductAlgorithm;
using kernels::ProductKey;
using kernels::ProductLibrary;

double median(std::vector<double> seconds) {
  const auto middle = seconds.begin() + std::ssize(seconds) / 2;
  std::ranges::nth_element(seconds, middle);
  return *middle;
}

/// Nothing for what does not run.
std::optional<ProductChoice> search(ProductLibrary& library, const ProductKey& key) {
  const std::vector<ProductAlgorithm> algorithms = library.algorithms(key, timed_algorithms);
  const std::vector<std::vector<double>> seconds = library.seconds(key, algorithms, timed_calls);
  const int place = choose_algorithm(seconds);
  if (place < 0) return {};
  const auto at = static_cast<std::size_t>(place);
  return ProductChoice{algorithms[at], place, median(seconds[at])};
}

/// What a rank found, in plain bytes.
struct Found {
  ProductKey key;
  ProductChoice choice;
  bool searched;
};

constexpr auto what = "the ranks' products";

/// Those of which no lower rank has one.
std::set<ProductKey> first_mine(const comm::Communicator& ranks, std::set<ProductKey> mine) {
  const std::vector<ProductKey> told(mine.begin(), mine.end());
  const auto all = comm::gather_rows<ProductKey>(ranks, told, comm::Receivers::all, what);
  for (int rank = 0; rank < ranks.rank(); ++rank)
    for (const ProductKey& key : all[static_cast<std::size_t>(rank)]) mine.erase(key);
  return mine;
}

ProductChoices of_the_first_rank(const comm::Communicator& ranks, const ProductChoices& kept) {
  std::vector<Found> told;
  if (ranks.rank() == 0)
    for (const auto& [key, choice] : kept) told.push_back({key, choice, false});
  const auto by_rank = comm::gather_rows<Found>(ranks, told, comm::Receivers::all, what);
  ProductChoices all;
  for (const Found& one : by_rank.front()) all.emplace(one.key, one.choice);
  return all;
}

std::vector<Found> find(ProductLibrary& library, const std::set<ProductKey>& keys, const ProductChoices& kept,
                        comm::Watchdog& watchdog) {
  std::vector<Found> found;
  for (const ProductKey& key : keys) {
    const auto known = kept.find(key);
    if (known != kept.end() && library.takes(key, known->second.algorithm))
      found.push_back({key, known->second, false});
    else if (const auto choice = search(library, key))
      found.push_back({key, *choice, true});
    // What holds a plain product is timed with the one that was found for it.
    if (!found.empty() && found.back().key == key) library.choose(key, found.back().choice.algorithm);
    watchdog.progressed();
  }
  return found;
}

bool have_one_library(ProductLibrary& library, const comm::Communicator& ranks) {
  const auto names = comm::gather(ranks, library.name(), comm::Receivers::all, what);
  return std::ranges::all_of(names, [&](const std::string& name) { return name == names.front(); });
}

}  // namespace

int choose_algorithm(std::span<const std::vector<double>> seconds) {
  int chosen = -1;
  double least = 0;
  for (std::size_t i = 0; i < seconds.size(); ++i) {
    if (seconds[i].empty()) continue;
    const double middle = median(seconds[i]);
    if (chosen >= 0 && !(middle < worth_a_change * least)) continue;
    chosen = static_cast<int>(i);
    least = middle;
  }
  return chosen;
}

std::optional<AgreedProducts> agree_on_products(ProductLibrary& library, const comm::Communicator& ranks,
                                                const std::set<ProductKey>& keys,
                                                const ProductChoices& kept) {
  if (!have_one_library(library, ranks)) return {};
  const std::set<ProductKey> to_find = first_mine(ranks, keys);
  const ProductChoices known = of_the_first_rank(ranks, kept);
  using Clock = std::chrono::steady_clock;
  const Clock::time_point begin = Clock::now();
  const std::vector<Found> mine = find(library, to_find, known, ranks.watchdog());
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();

  AgreedProducts agreed;
  for (const auto& found : comm::gather_rows<Found>(ranks, mine, comm::Receivers::all, what))
    for (const auto& [key, choice, searched] : found) {
      agreed.choices.emplace(key, choice);
      agreed.searched += searched ? 1 : 0;
    }
  for (const auto& one : comm::gather_rows<double>(ranks, std::span(&seconds, 1), comm::Receivers::all, what))
    agreed.seconds = std::max(agreed.seconds, one.front());
  for (const auto& [key, choice] : agreed.choices)
    if (keys.contains(key)) library.choose(key, choice.algorithm);
  return agreed;
}

}  // namespace heddle::exec
