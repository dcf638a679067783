// Where a library has several algorithms for a product: every product of a step is searched before, with the key that gemm meets,
// and what was chosen is kept for the next run and in checkpoints.
#include "heddle/session/products.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "heddle/base/aside_file.hpp"
#include "heddle/exec/product_choices.hpp"
#include "heddle/io/checkpoint.hpp"
#include "heddle/session/checkpoints.hpp"
#include "support/product_double.hpp"
#include "support/shared_folder.hpp"
#include "synthetic_run.hpp"

namespace heddle::tests {
namespace {

using kernels::ProductKey;
using kernels::Write;

/// Rows of 72 bytes, and chunks of the loss that begin at odd ones.
deck::Deck deck_for(int ranks, const std::string& precision) {
  const int pipeline = ranks % 2 == 0 ? ranks / 2 : ranks, tensor = ranks / pipeline;
  return small_deck({fmt::format("grid.pipeline={}", pipeline), fmt::format("grid.tensor={}", tensor),
                     "train.precision=" + precision, "model.width=36", "train.sequence=15", "train.batch=6",
                     "pipeline.microbatches=3", "train.loss_rows=7"});
}

/// A trainer whose products have a choice.
struct Chosen {
  explicit Chosen(ProductDouble& library, const std::string& precision = "bf16")
      : deck(deck_for(world().size(), precision)),
        plan(plan::make(deck)),
        trainer(options(library), plan, world().all(), clock, lane()) {}

  session::Options options(ProductDouble& library) const {
    session::Options options = session::options_of(deck);
    options.products = &library;
    return options;
  }

  deck::Deck deck;
  plan::Plan plan;
  exec::Clock clock;
  session::Trainer trainer;
};

/// The cache's folder, while it lives.
struct Cache {
  explicit Cache(const std::string& folder) { setenv("HEDDLE_CACHE", folder.c_str(), 1); }
  ~Cache() { unsetenv("HEDDLE_CACHE"); }
};

/// Asks of every product that a step computes whether it was chosen, from where its matrices lie.
class Asking final : public exec::Observer {
 public:
  Asking(const exec::Engine& engine, const plan::RankPlan& rank, const ProductDouble& library)
      : arena_(engine.arena()), program_(engine.program()), rank_(rank), library_(library) {}

  bool watches_pieces() const override { return true; }
  void piece_begins(const exec::Piece& piece) override {
    if (piece.node < 0 || (piece.work != exec::Work::node && piece.work != exec::Work::recompute)) return;
    const graph::Node& node = program_.graph.nodes[static_cast<std::size_t>(piece.node)];
    const bool in_loss = node.phase == graph::Phase::loss;
    const std::size_t nth = runs_[{piece.node, piece.action.microbatch}]++;
    const maps::Block* chunk = in_loss ? &rank_.loss_chunks.at(nth) : nullptr;
    auto product = exec::product_of(node, tensors(node.in, piece, chunk), tensors(node.out, piece, chunk));
    if (!product) return;
    const bool adds =
        node.op == graph::Op::linear_weight_gradient && !written_.insert(node.out.front()).second;
    const ProductKey key = kernels::key_of(*product, adds ? Write::accumulate : Write::overwrite);
    EXPECT_TRUE(library_.chosen.contains(key))
        << program_.graph[node.out.front()].name << ", microbatch " << piece.action.microbatch << ", run "
        << nth << ", aligned to " << key.alignment;
    met.insert(key);
    product->gelu_of = {};  // a product with gelu's slope may be the plain one with a kernel behind it
    met.insert(kernels::key_of(*product, adds ? Write::accumulate : Write::overwrite));
  }

  std::set<ProductKey> met;

 private:
  std::vector<Tensor> tensors(const std::vector<graph::ValueId>& ids, const exec::Piece& piece,
                              const maps::Block* chunk) const {
    std::vector<Tensor> all;
    for (const graph::ValueId id : ids)
      all.push_back(tensor(id, std::max(piece.action.microbatch, 0), chunk));
    return all;
  }
  /// A value of the loss that has memory for all rows has those of every chunk.
  Tensor tensor(graph::ValueId id, int microbatch, const maps::Block* chunk) const {
    Tensor found = arena_.tensor(id, program_.graph[id].dtype, microbatch);
    if (!chunk || !graph::has_rows(program_.graph[id].shape)) return found;
    const std::int64_t row_bytes = found.bytes() / found.shape[0];
    if (found.shape[0] == rank_.loss_chunks.back().end)
      found.data = static_cast<std::byte*>(found.data) + chunk->begin * row_bytes;
    found.shape[0] = chunk->size();
    return found;
  }

  const exec::Arena& arena_;
  const passes::Program& program_;
  const plan::RankPlan& rank_;
  const ProductDouble& library_;
  std::map<std::pair<int, int>, std::size_t> runs_;
  std::set<graph::ValueId> written_;
};

void expect_all_searched(const std::string& precision) {
  const SharedFolder folder;
  const Cache cache(folder / "");
  ProductDouble library;
  Chosen run(library, precision);
  const plan::RankPlan& rank = run.plan.of(run.plan.training, run.trainer.grid().rank());
  Asking asking(run.trainer.engine(), rank, library);
  run.trainer.step(0, made_up_batch(run.deck, run.trainer.first_sample(), run.trainer.sample_count()),
                   &asking);
  EXPECT_GE(asking.met.size(), 8U) << "two linears at least, their gradients, which add up";
  std::set<std::int64_t> alignments;
  for (const ProductKey& key : asking.met) {
    alignments.insert(key.alignment);
    EXPECT_EQ(key.rounding == Rounding::tf32, precision == "tf32");
  }
  if (run.plan.program(run.plan.pipeline_rank(run.trainer.grid().rank())).loss >= 0) {
    EXPECT_GT(alignments.size(), 1U) << "chunks of the loss lie worse than the rest";
  }
}

TEST(Products, EveryOneOfAStepIsSearchedBefore) { expect_all_searched("bf16"); }
TEST(Products, EveryOneOfAStepInTf32IsSearchedBefore) { expect_all_searched("tf32"); }

TEST(Products, OfTf32TakeNothingThatWasKeptForFp32) {
  const SharedFolder folder;
  const Cache cache(folder / "");
  ProductDouble library, rounded;
  const Chosen first(library, "fp32"), second(rounded, "tf32");
  EXPECT_EQ(rounded.searched.empty(), library.searched.empty()) << "the lowest rank that has one searches it";
  EXPECT_EQ(rounded.chosen.size(), library.chosen.size());
  for (const auto& [key, algorithm] : rounded.chosen) {
    EXPECT_EQ(key.rounding, Rounding::tf32);
    EXPECT_FALSE(library.chosen.contains(key));
  }
}

std::string file_of(const ProductDouble& library) { return session::products_file(library.library); }

TEST(Products, TheNextRunTakesWhatWasKept) {
  const SharedFolder folder;
  const Cache cache(folder / "not/there/yet");
  ProductDouble library, again;
  const Chosen first(library);
  EXPECT_GT(std::ssize(library.chosen), 0);
  again.taken = [](int i) { return i == 5 ? 0.5 : 1.0; };
  const Chosen second(again);
  EXPECT_TRUE(again.searched.empty());
  EXPECT_EQ(again.chosen, library.chosen);
  EXPECT_EQ(second.trainer.products().text, first.trainer.products().text);
  EXPECT_NE(first.trainer.products().remarks.at(0).find("searched in"), std::string::npos);
  if (world().rank() == 0) {
    EXPECT_NE(second.trainer.products().remarks.at(0).find("from " + file_of(library)), std::string::npos);
  }
}

TEST(Products, OfOtherRunsStayInTheFile) {
  const SharedFolder folder;
  const Cache cache(folder / "");
  ProductDouble library;
  exec::ProductChoices others = {{ProductKey{.rows = 12345}, {ProductDouble::algorithm(7), 7, 1.0}}};
  if (world().rank() == 0) write_text(file_of(library), exec::text_of(others, library.library));
  const Chosen run(library);
  if (world().rank() == 0) {
    const auto kept = exec::choices_of(bytes_of(file_of(library)), library.library);
    EXPECT_EQ(kept.at(others.begin()->first), others.begin()->second);
    EXPECT_GT(kept.size(), 1U);
  }
  EXPECT_EQ(exec::choices_of(run.trainer.products().text, library.library).count(others.begin()->first), 0U);
}

TEST(Products, ADamagedFileIsSaidAndSearchedAnew) {
  const SharedFolder folder;
  const Cache cache(folder / "");
  ProductDouble library;
  if (world().rank() == 0) write_text(file_of(library), "{\"format\": \"heddle pro");
  const Chosen run(library);
  EXPECT_GT(std::ssize(library.chosen), 0);
  if (world().rank() != 0) return;
  EXPECT_NE(run.trainer.products().remarks.at(0).find(file_of(library) + ": searching products anew ("),
            std::string::npos);
  EXPECT_NO_THROW(exec::choices_of(bytes_of(file_of(library)), library.library)) << "the new one is whole";
}

TEST(Products, AFolderThatCannotBeWrittenIsSaidAndTheRunGoesOn) {
  const Cache cache("/proc/nowhere");
  ProductDouble library;
  const Chosen run(library);
  EXPECT_GT(std::ssize(library.chosen), 0);
  EXPECT_EQ(run.trainer.products().remarks.size(), world().rank() == 0 ? 2U : 1U);
  if (world().rank() == 0) {
    EXPECT_NE(run.trainer.products().remarks.at(1).find("the next run will search"), std::string::npos);
  }
}

TEST(Products, AreInTheCheckpoint) {
  const SharedFolder folder;
  const Cache cache(folder / "");
  ProductDouble library;
  Chosen run(library);
  session::Checkpoints checkpoints(world().all(), run.trainer, folder / "checkpoints", {}, 1, {});
  const io::Checkpoint written(checkpoints.write(1, {}).path);
  const auto choices = exec::choices_of(written.header().products, library.library);
  for (const auto& [key, algorithm] : library.chosen) EXPECT_EQ(choices.at(key).algorithm, algorithm);
  EXPECT_GE(choices.size(), library.chosen.size());
}

TEST(Products, WithoutALibraryThereIsNothingToKeep) {
  if (kernels::product_library()) return;
  const SharedFolder folder;
  const Cache cache(folder / "cache");
  const Training run(deck_for(world().size(), "bf16"));
  EXPECT_TRUE(run.trainer.products().text.empty() && run.trainer.products().remarks.empty());
  EXPECT_FALSE(std::filesystem::exists(folder / "cache"));
}

}  // namespace
}  // namespace heddle::tests
