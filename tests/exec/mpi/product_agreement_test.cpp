// All ranks compute a kind of product with one algorithm, whoever searched it.
#include <gtest/gtest.h>

#include "heddle/exec/product_choices.hpp"
#include "support/mpi_world.hpp"
#include "support/product_double.hpp"

namespace heddle::tests {
namespace {

using exec::AgreedProducts;
using exec::ProductChoices;
using kernels::ProductKey;

ProductKey key_of(std::int64_t rows) { return {.rows = rows, .columns = 8, .inner = 8}; }

/// One that every rank has, one that the odd ranks have, and one of its own.
std::set<ProductKey> keys_of(int rank) {
  std::set<ProductKey> keys = {key_of(1), key_of(100 + rank)};
  if (rank % 2) keys.insert(key_of(2));
  return keys;
}

/// On each rank another algorithm is the fastest.
ProductDouble library_of(int rank) {
  ProductDouble library;
  library.taken = [rank](int i) { return i == 1 + rank % 7 ? 0.5 : 1.0; };
  return library;
}

AgreedProducts agree(ProductDouble& library, const ProductChoices& kept = {}) {
  const auto agreed = exec::agree_on_products(library, world().all(), keys_of(world().rank()), kept);
  EXPECT_TRUE(agreed);
  return agreed.value_or(AgreedProducts{});
}

TEST(ProductAgreement, TheLowestRankThatHasAProductChoosesForAll) {
  const int rank = world().rank();
  ProductDouble library = library_of(rank);  // of each rank its own
  const AgreedProducts agreed = agree(library);
  EXPECT_EQ(agreed.choices.size(),
            static_cast<std::size_t>(1 + world().size() + (world().size() > 1 ? 1 : 0)));
  EXPECT_EQ(agreed.searched, std::ssize(agreed.choices));
  std::set<ProductKey> searched = {key_of(100 + rank)};
  if (rank == 0) searched.insert(key_of(1));
  if (rank == 1) searched.insert(key_of(2));
  EXPECT_EQ(library.searched, searched);

  std::map<ProductKey, ProductDouble::Algorithm> chosen = {
      {key_of(1), ProductDouble::algorithm(1)}, {key_of(100 + rank), ProductDouble::algorithm(1 + rank % 7)}};
  if (rank % 2) chosen[key_of(2)] = ProductDouble::algorithm(2);
  EXPECT_EQ(library.chosen, chosen);
}

/// Else the pair of product and kernel would be timed with another product than it will have.
TEST(ProductAgreement, APlainProductIsChosenBeforeTheOneWithGelusSlopeIsTimed) {
  const ProductKey plain = key_of(1);
  ProductKey with_slope = plain;
  with_slope.has_gelu = true;
  ProductDouble library = library_of(world().rank());
  int searches = 0;
  library.begins_search = [&](const ProductKey& key) {
    ++searches;
    EXPECT_EQ(library.chosen.contains(plain), key == with_slope);
  };
  EXPECT_TRUE(exec::agree_on_products(library, world().all(), {with_slope, plain}, {}));
  EXPECT_EQ(searches, world().rank() == 0 ? 2 : 0);
}

TEST(ProductAgreement, WhatRankZeroKeptIsNotSearchedAgain) {
  ProductDouble before = library_of(0);
  const AgreedProducts first = agree(before);
  ProductDouble library = library_of(3);  // now others are faster
  const AgreedProducts again = agree(library, world().rank() == 0 ? first.choices : ProductChoices{});
  EXPECT_EQ(again.searched, 0);
  EXPECT_EQ(again.choices, first.choices);
  EXPECT_TRUE(library.searched.empty());
  EXPECT_EQ(library.chosen, before.chosen);
}

TEST(ProductAgreement, WhatTheLibraryRefusesIsSearchedAnew) {
  ProductDouble before = library_of(0);
  const AgreedProducts first = agree(before);
  ProductDouble library = library_of(3);
  library.refused = {ProductDouble::algorithm(1)};
  const AgreedProducts again = agree(library, first.choices);
  std::int64_t refused = 0;
  for (const auto& [key, choice] : first.choices) {
    const bool anew = choice.algorithm == ProductDouble::algorithm(1);
    refused += anew ? 1 : 0;
    EXPECT_EQ(again.choices.at(key) == choice, !anew);
  }
  EXPECT_EQ(again.searched, refused);
  EXPECT_EQ(library.chosen.at(key_of(1)), ProductDouble::algorithm(4));
}

TEST(ProductAgreement, OnlyWhatIsMissingIsSearched) {
  ProductDouble before = library_of(0);
  ProductChoices kept = agree(before).choices;
  kept.erase(key_of(1));
  ProductDouble library = library_of(3);
  EXPECT_EQ(agree(library, kept).searched, 1);
  EXPECT_EQ(library.searched.size(), world().rank() == 0 ? 1U : 0U);
  EXPECT_EQ(library.chosen.at(key_of(1)), ProductDouble::algorithm(4));
}

TEST(ProductAgreement, RanksWithDifferentLibrariesChooseNothing) {
  if (world().size() == 1) return;
  ProductDouble library = library_of(0);
  if (world().rank() + 1 == world().size()) library.library = "another GPU, products 1.0";
  EXPECT_FALSE(exec::agree_on_products(library, world().all(), keys_of(world().rank()), {}));
  EXPECT_TRUE(library.searched.empty() && library.chosen.empty());
}

TEST(ProductAgreement, WhatNeverRunsHasNoChoice) {
  class Broken final : public kernels::ProductLibrary {
    std::string name() const override { return "broken"; }
    std::vector<kernels::ProductAlgorithm> algorithms(const ProductKey&, int) override { return {{}, {}}; }
    bool takes(const ProductKey&, const kernels::ProductAlgorithm&) override { return true; }
    std::vector<std::vector<double>> seconds(const ProductKey&,
                                             std::span<const kernels::ProductAlgorithm> all, int) override {
      return std::vector<std::vector<double>>(all.size());
    }
    void choose(const ProductKey&, const kernels::ProductAlgorithm&) override { FAIL() << "it chooses none"; }
  } library;
  const auto agreed = exec::agree_on_products(library, world().all(), {key_of(1)}, {});
  ASSERT_TRUE(agreed);
  EXPECT_TRUE(agreed->choices.empty());
}

}  // namespace
}  // namespace heddle::tests
