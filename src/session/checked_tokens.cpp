#include "checked_tokens.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "heddle/base/input_path.hpp"
#include "heddle/deck/read.hpp"
#include "heddle/session/memory_places.hpp"

namespace heddle::session {
namespace {

const std::string& tokens_of(const deck::Deck& deck) {
  if (deck.data.tokens.empty())
    throw deck::DeckError(
        {fmt::format("{}: data.tokens is missing (a run needs a tokens file); make one with "
                     "`heddle prepare TEXT -o tokens.h5`",
                     deck.source)});
  std::error_code none;
  if (!std::filesystem::exists(deck.data.tokens, none))
    throw deck::DeckError(
        {deck.at("data.tokens") + ": " +
         describe(fmt::format("data.tokens = \"{}\" is not there", deck.data.tokens),
                  where_looked(deck.data.tokens),
                  fmt::format("make it with `heddle prepare TEXT -o {}`", deck.data.tokens))});
  return deck.data.tokens;
}

void check_vocabulary(const deck::Deck& deck, const io::TokenFile& file) {
  if (file.header().vocabulary.size <= deck.model.vocabulary) return;
  throw deck::DeckError({fmt::format(
      "{}: model.vocabulary = {} is less than the {} tokens of {} (ids would lie beyond the embedding); try "
      "model.vocabulary = {}",
      deck.at("model.vocabulary"), deck.model.vocabulary, file.header().vocabulary.size, file.path(),
      file.header().vocabulary.size)});
}

}  // namespace

data::Dataset checked_tokens(const deck::Deck& deck, const plan::Plan& plan,
                             const std::vector<std::string>& places, int rank) {
  data::Dataset dataset(tokens_of(deck), deck.data.held_out, deck.train.sequence);
  check_vocabulary(deck, dataset.file());
  check_memory(plan, deck.source, places, rank);
  return dataset;
}

}  // namespace heddle::session
