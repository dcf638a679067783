// The checks between keys: the exact words for decks whose keys are each right but do not fit.
#include "heddle/deck/check.hpp"

#include <gmock/gmock.h>

#include "support.hpp"

namespace heddle::deck {
namespace {

using testing::ElementsAre;

struct Misfit {
  Lines overrides;
  std::string says;
};

TEST(Check, MisfitsNameTheKeyAndWhatWouldDo) {
  const std::string cuts = "(a cut is the first layer of each stage but the first); ";
  const Misfit misfits[] = {
      {{"grid.tensor=4"},
       "d.toml:3:1: model.heads = 6 is not a multiple of grid.tensor = 4 (each rank holds whole heads); try "
       "grid.tensor "
       "= 2 or 3"},
      {{"model.heads=5", "model.width=50", "grid.tensor=2"},
       "command line: model.heads=5: model.heads = 5 is not a multiple of grid.tensor = 2 (each rank holds "
       "whole heads); "
       "try grid.tensor = 1"},
      {{"model.width=50"},
       "command line: model.width=50: model.width = 50 is not a multiple of model.heads = 6 (each head takes "
       "width / "
       "heads numbers); try model.width = 48 or 54"},
      {{"grid.pipeline=3"},
       "command line: grid.pipeline=3: grid.pipeline = 3 is more than model.layers = 2 (each stage needs a "
       "layer); try "
       "grid.pipeline = 2"},
      {{"grid.tensor=3", "model.vocabulary=2"},
       "command line: model.vocabulary=2: model.vocabulary = 2 is less than grid.tensor = 3 (each rank holds "
       "part of the "
       "vocabulary); try grid.tensor = 2"},
      {{"train.sequence=64"},
       "command line: train.sequence=64: train.sequence = 64 is more than model.context = 32 (the model has "
       "no positions "
       "beyond its context); try train.sequence = 32"},
      {{"model.layers=5", "grid.pipeline=3", "pipeline.chunks=2"},
       "command line: grid.pipeline=3: grid.pipeline * pipeline.chunks = 3 * 2 is more than model.layers = 5 "
       "(each stage needs a layer); try grid.pipeline = 2"},
      {{"grid.pipeline=2", "pipeline.ranks=1"},
       "command line: pipeline.ranks=1: pipeline.ranks = 1 is not grid.pipeline = 2 (both are the ranks of a "
       "pipeline); give one of them, or try pipeline.ranks = 2"},
      {{"grid.data=3", "pipeline.microbatches=2"},
       "d.toml:9:1: train.batch = 8 is not a multiple of grid.data * pipeline.microbatches = 3 * 2 (all "
       "microbatches have "
       "the same number of samples); try train.batch = 6 or 12"},
      {{"pipeline.microbatches=16"},
       "d.toml:9:1: train.batch = 8 is not a multiple of grid.data * pipeline.microbatches = 1 * 16 (all "
       "microbatches "
       "have the same number of samples); try train.batch = 16"},
      {{"pipeline.cuts=[1]"},
       "command line: pipeline.cuts=[1]: pipeline.cuts = [1] makes 2 stages, and grid.pipeline = 1 " + cuts +
           "give 0 cuts, or try pipeline.cuts = [], to balance by cost"},
      {{"model.layers=4", "grid.pipeline=3", "pipeline.cuts=[2, 2]"},
       "command line: pipeline.cuts=[2, 2]: pipeline.cuts = [2, 2] does not increase " + cuts +
           "sort it, and give each layer once, or try pipeline.cuts = []"},
      {{"grid.pipeline=2", "pipeline.cuts=[2]"},
       "command line: pipeline.cuts=[2]: pipeline.cuts = [2] goes beyond model.layers = 2 " + cuts +
           "give layers below 2, or try pipeline.cuts = []"},
      {{"grid.order=[\"data\",\"data\",\"tensor\"]"},
       "command line: grid.order=[\"data\",\"data\",\"tensor\"]: grid.order = [\"data\", \"data\", "
       "\"tensor\"] does not "
       "name each axis once (it orders the axes from slowest to fastest); try grid.order = [\"data\", "
       "\"pipeline\", "
       "\"tensor\"]"},
      {{"optimizer.warmup=100"},
       "command line: optimizer.warmup=100: optimizer.warmup = 100 is more than train.steps = 10 (the rate "
       "would never "
       "be reached); try optimizer.warmup = 1"},
      {{"optimizer.final_rate=1"},
       "command line: optimizer.final_rate=1: optimizer.final_rate = 1 is more than optimizer.rate = 0.0003 "
       "(the rate "
       "falls after warm-up); try optimizer.final_rate = 3e-05"},
      {{"optimizer.decay=2", "optimizer.warmup=2"},
       "command line: optimizer.decay=2: optimizer.decay = 2 is not after optimizer.warmup = 2 (the cosine "
       "falls from "
       "the end of warm-up to step decay); try optimizer.decay = 0, the last step"},
      {{"optimizer.schedule=wsd", "optimizer.warmup=5", "optimizer.decay=6"},
       "command line: optimizer.decay=6: optimizer.warmup = 5 and optimizer.decay = 6 are more than "
       "train.steps = 10 "
       "(the final decay begins after warm-up); try optimizer.decay = 2"},
      {{"optimizer.schedule=wsd"},
       "command line: optimizer.schedule=wsd: optimizer.schedule = \"wsd\" has no optimizer.decay (the rate "
       "would never fall); "
       "try optimizer.decay = 2"},
      {{"optimizer.schedule=wsd", "optimizer.warmup=10", "optimizer.decay=1"},
       "command line: optimizer.decay=1: optimizer.warmup = 10 and optimizer.decay = 1 are more than "
       "train.steps = 10 (the final decay "
       "begins after warm-up); try optimizer.warmup = 1"},
      {{"optimizer.epsilon=1e-50"},
       "command line: optimizer.epsilon=1e-50: optimizer.epsilon = 1e-50 is 0 in fp32 (numbers below "
       "1.18e-38 are); try optimizer.epsilon = "
       "1e-08, or train.precision = \"fp64\""},
      {{"model.init_std=1e39", "train.precision=bf16"},
       "command line: model.init_std=1e39: model.init_std = 1e+39 is infinite in fp32 (numbers beyond 3.4e38 "
       "are); try model.init_std = 0.02, "
       "or train.precision = \"fp64\""},
      {{"pipeline.chunks=3"},
       "command line: pipeline.chunks=3: grid.pipeline * pipeline.chunks = 1 * 3 is more than model.layers = "
       "2 (each stage needs a layer); try "
       "model.layers = 3"},
      {{"train.recompute=auto"},
       "command line: train.recompute=auto: train.recompute = \"auto\" has no train.memory_limit_mib (it "
       "recomputes as little as fits); give "
       "the MiB that a rank may take, or try train.recompute = \"full\""},
      {{"train.batch=9223372036854775807"},
       "command line: train.batch=9223372036854775807: train.batch = 9223372036854775807, train.sequence = "
       "32 and "
       "model.width = 48 overflow (the bytes of a step are counted in 64 bits); try train.batch = 512"},
      {{"optimizer.moments=bf16", "train.precision=fp64"},
       "command line: optimizer.moments=bf16: optimizer.moments = \"bf16\" saves precision that "
       "train.precision = "
       "\"fp64\" asks for (moments in bf16 are of fp32 parameters); try optimizer.moments = \"wide\""},
      {{"comm.gradients=bf16", "train.precision=fp64"},
       "command line: comm.gradients=bf16: comm.gradients = \"bf16\" loses precision that train.precision = "
       "\"fp64\" asks for (only fp32 gradients are sent as bf16); try comm.gradients = \"wide\""},
  };
  for (const auto& [overrides, says] : misfits) {
    EXPECT_THAT(complaints_with(overrides), ElementsAre(says));
    EXPECT_THAT(says, testing::HasSubstr("try "));  // a person has somewhere to begin
  }
}

TEST(Check, WhatOverflowsIsRefused) {
  using testing::HasSubstr;
  EXPECT_THAT(
      complaints_with({"train.batch=65536", "grid.data=65536", "grid.tensor=65536", "model.heads=65536",
                       "model.width=65536", "model.vocabulary=65536"}),
      ElementsAre(
          "command line: grid.data=65536: grid.data * grid.pipeline * grid.tensor = 65536 * 1 * 65536 "
          "overflows (ranks are counted in 32 bits); try grid.data = 1"));
  EXPECT_THAT(complaints_with({"model.width=4800000000000000000"}),
              ElementsAre(HasSubstr("the bytes of a step")));
}

TEST(Check, AllContradictionsAtOnce) {
  EXPECT_EQ(complaints_with({"grid.tensor=4", "grid.pipeline=3", "train.sequence=64", "optimizer.warmup=11"})
                .size(),
            4u);
}

TEST(Check, RanksAreThePlacesOfTheGrid) {
  const auto says = [](int ranks, const Lines& overrides) {
    return complaints([&] { check_ranks(parse(good, "d.toml", overrides), ranks); });
  };
  EXPECT_THAT(says(1, {}), ElementsAre());
  EXPECT_THAT(says(4, {"grid.tensor=2", "grid.pipeline=2"}), ElementsAre());
  EXPECT_THAT(says(3, {}),
              ElementsAre("d.toml: grid.data * grid.pipeline * grid.tensor = 1 * 1 * 1 = 1 is not the number "
                          "of ranks, 3 (each rank has one place on the grid); start 1 rank, or try "
                          "grid.data = 3"));
  EXPECT_THAT(
      says(3, {"grid.tensor=2"}),
      ElementsAre(
          "command line: grid.tensor=2: grid.data * grid.pipeline * grid.tensor = 1 * 1 * 2 = 2 is not the "
          "number of ranks, 3 (each rank has one place on the grid); start 2 ranks"));
}

}  // namespace
}  // namespace heddle::deck
