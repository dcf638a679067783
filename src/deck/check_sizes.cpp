// The checks that what is counted can be counted.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <tuple>

#include "checker.hpp"
#include "grid_ranks.hpp"

namespace heddle::deck {
namespace {

/// Leaves room for bytes, features and copies.
constexpr double countable = static_cast<double>(std::numeric_limits<std::int64_t>::max()) / 64;

/// Products are compared with the limits as doubles, which round but do not overflow.
template <class... Sizes>
double product(Sizes... sizes) {
  return (1.0 * ... * static_cast<double>(sizes));
}

struct Size {
  std::string key;
  std::int64_t value, ordinary;
};

/// "try KEY = N" of the key that is largest beside what is ordinary.
std::string try_ordinary(std::initializer_list<Size> sizes) {
  const Size& most = std::max(sizes, [](const Size& a, const Size& b) {
    return product(a.value) / product(a.ordinary) < product(b.value) / product(b.ordinary);
  });
  return fmt::format("try {} = {}", most.key, most.ordinary);
}

}  // namespace

void Checker::sizes_fit_64_bits() {
  const auto& [model, grid, train] = std::tie(deck_.model, deck_.grid, deck_.train);
  const std::int64_t heads = model.heads, parts = std::int64_t{grid.data} * deck_.pipeline.microbatches;
  constexpr std::int64_t many = 1024;
  const Size width = heads > many ? Size{"model.heads", heads, grid.tensor}
                                  : Size{"model.width", model.width, heads * (many / heads)};
  const Size vocabulary{"model.vocabulary", model.vocabulary, std::max(grid.tensor, 50257)};
  const double ranks = ranks_of(grid);
  if (ranks > std::numeric_limits<int>::max())
    report(keys_of_grid(), fmt::format("{} overflows", product_of_grid(grid)), "ranks are counted in 32 bits",
           try_ordinary({{"grid.data", grid.data, 1},
                         {"grid.pipeline", grid.pipeline, 1},
                         {"grid.tensor", grid.tensor, 1}}));
  if (product(train.batch, train.sequence, std::max(4 * product(model.width), product(model.vocabulary))) >
      countable)
    report({"train.batch", "train.sequence", "model.width"},
           fmt::format("train.batch = {}, train.sequence = {} and model.width = {} overflow", train.batch,
                       train.sequence, model.width),
           "the bytes of a step are counted in 64 bits",
           try_ordinary({{"train.batch", train.batch, parts * std::max<std::int64_t>(512 / parts, 1)},
                         {"train.sequence", train.sequence, 1024},
                         width,
                         vocabulary}));
  else if (product(train.steps, train.batch, train.sequence) > countable)
    report({"train.steps", "train.batch", "train.sequence"},
           fmt::format("train.steps = {}, train.batch = {} and train.sequence = {} overflow", train.steps,
                       train.batch, train.sequence),
           "the tokens of a run are counted in 64 bits",
           fmt::format("try train.steps = {:.0f}",
                       std::max(1.0, std::floor(countable / product(train.batch, train.sequence)))));
  const double layers =
      product(model.layers, 12 * product(model.width, model.width) + 13 * product(model.width));
  if (layers + product(model.vocabulary, model.width) + product(model.context, model.width) > countable)
    report({"model.width", "model.layers", "model.vocabulary", "model.context"},
           fmt::format(
               "model.layers = {}, model.width = {}, model.context = {} and model.vocabulary = {} overflow",
               model.layers, model.width, model.context, model.vocabulary),
           "the bytes of a model are counted in 64 bits",
           try_ordinary({{"model.context", model.context, 1024}, width, vocabulary}));
}

}  // namespace heddle::deck
