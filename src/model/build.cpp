#include "heddle/model/build.hpp"

#include <algorithm>
#include <array>

#include "gpt2.hpp"

namespace heddle::model {
namespace {

struct Entry {
  deck::Family family;
  graph::Graph (*build)(const deck::Model&, Head, DType);
};

constexpr std::array families = {
    Entry{deck::Family::gpt2, gpt2},
};
static_assert(families.size() == names_of(deck::Family{}).size(),
              "a builder for each family that a deck may name");

}  // namespace

graph::Graph build(const deck::Model& model, Head head, DType dtype) {
  return std::ranges::find(families, model.family, &Entry::family)->build(model, head, dtype);
}

}  // namespace heddle::model
