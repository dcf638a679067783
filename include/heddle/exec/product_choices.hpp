// Which of a library's algorithms each kind of product is computed with: searched by timing, agreed on by all ranks, and kept as
// text. Algorithms add up in different orders, and what is whole or copied over ranks each of them computes: they must take one.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "heddle/comm/communicator.hpp"
#include "heddle/kernels/product_library.hpp"

namespace heddle::exec {

struct ProductChoice {
  kernels::ProductAlgorithm algorithm;
  std::int64_t candidate = 0;  ///< its place among those that the library named, from 0
  double seconds = 0;          ///< of one call

  friend bool operator==(const ProductChoice&, const ProductChoice&) = default;
};
using ProductChoices = std::map<kernels::ProductKey, ProductChoice>;

/// How many algorithms are timed, and how often each.
inline constexpr int timed_algorithms = 8, timed_calls = 5;
/// Of the seconds of one that comes earlier: only what takes less replaces it, so that noise seldom chooses.
inline constexpr double worth_a_change = 0.98;

/// The place of the algorithm to take, from the calls' seconds of each; those without calls are not taken. -1: none is.
int choose_algorithm(std::span<const std::vector<double>> seconds);

/// JSON. `library` is ProductLibrary::name.
std::string text_of(const ProductChoices& choices, const std::string& library);
/// Throws Error(usage) that says what is wrong with a text that is none, or another library's.
ProductChoices choices_of(const std::string& text, const std::string& library);

struct AgreedProducts {
  ProductChoices choices;     ///< of all ranks' products, equal on every rank
  std::int64_t searched = 0;  ///< of them, those that were not kept
  double seconds = 0;         ///< that the rank which searched longest took
};

/// Collective: every rank tells its `keys`, and its library is told the choices for them. `kept` are rank 0's choices of an
/// earlier run; what they lack, or the library does not take, the lowest rank that has the key searches. Most keys are all
/// ranks': then one GPU of the run is busy and none disturbs it, which several ranks on one GPU would. Nothing where the
/// ranks' libraries have different names: then each takes its first algorithms.
std::optional<AgreedProducts> agree_on_products(kernels::ProductLibrary& library,
                                                const comm::Communicator& ranks,
                                                const std::set<kernels::ProductKey>& keys,
                                                const ProductChoices& kept);

}  // namespace heddle::exec
