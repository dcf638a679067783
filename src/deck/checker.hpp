// Collects the contradictions between the keys of a deck.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "heddle/deck/read.hpp"

namespace heddle::deck {

class Checker {
 public:
  explicit Checker(const Deck& deck) : deck_(deck) {}

  void grid_fits_model();
  void chunks_are_known();
  void stages_outnumber_layers();
  void batch_divides();
  void cuts_are_stages();
  void order_is_permutation();
  void rates_fit_steps();
  void final_decay_fits();
  void numbers_fit_precision();
  void moments_fit_precision();
  void gradients_fit_precision();
  void recomputation_has_limit();
  void ranks_agree();
  void costs_are_stages();
  void schedule_is_small();
  void sizes_fit_64_bits();
  void throw_if_any() const {
    if (!lines_.empty()) throw DeckError(lines_);
  }

  /// `keys` are those at fault, the first given one of which names the position. What shares one with an earlier report may follow from it, and
  /// is not said.
  void report(const std::vector<std::string>& keys, const std::string& problem, const std::string& why,
              const std::string& fix);

 private:
  const Deck& deck_;
  std::set<std::string> at_fault_;
  std::vector<std::string> lines_;
};

}  // namespace heddle::deck
