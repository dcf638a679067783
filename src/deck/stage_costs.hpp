// The keys of [cost] that have a number for each stage, or for each border between stages.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "heddle/deck/deck.hpp"

namespace heddle::deck {

struct StageFigures {
  std::string_view key;
  PerStage Cost::*figures;
  std::string_view of = "stages";
  int fewer = 0;  ///< than stages
};

std::span<const StageFigures> stage_figures();

/// How many there are on the deck's pipeline.
std::int64_t count(const Deck& deck, const StageFigures& one);

/// Has the deck none, one for all, or as many as there are?
bool fits(const Deck& deck, const StageFigures& one);

}  // namespace heddle::deck
