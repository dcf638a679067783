// Checkpoints written by several ranks and read by others, in other cuts and other precisions.
#include "heddle/io/checkpoint_writer.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <numeric>
#include <optional>
#include <vector>

#include "../../support/expect_error.hpp"
#include "../../support/largest_file.hpp"
#include "../../support/shared_folder.hpp"
#include "blocks.hpp"
#include "heddle/comm/collectives.hpp"

namespace heddle::io {
namespace {

using tests::expect_error, tests::SharedFolder;

const Shape matrix{37, 53}, cube{3, 8, 5}, vector{11}, big{1500, 1100};

void write_all(const std::string& path) {
  const int rank = tests::world().rank();
  Owned<float> rows("parameters/rows", matrix, 0), columns("parameters/columns", matrix, 1);
  Owned<float> heads("optimizer/first/heads", cube, 1), large("optimizer/second/large", big, 1);
  Owned<double> fine("extra/fine", matrix, 1);
  Owned<float> copied("parameters/layers.0.norm1.weight", vector, 0, false);
  copied.shard.writes = rank == 0;
  std::vector<Shard> shards = {rows.shard, columns.shard, heads.shard, large.shard, fine.shard, copied.shard};
  if (rank % 2) std::reverse(shards.begin(), shards.end());
  write_checkpoint(tests::world().all(), path, {12, 345, "[model]\nlayers = 2\n"}, shards);
}

TEST(Checkpoint, AnyCutReadsAnyCut) {
  const SharedFolder folder;
  const auto path = folder / "new/folder/step.h5";
  write_all(path);
  EXPECT_FALSE(std::filesystem::exists(path + ".partial"));
  const Checkpoint file(path);
  EXPECT_EQ(file.header(), (CheckpointHeader{12, 345, "[model]\nlayers = 2\n"}));
  EXPECT_EQ(file.entries().size(), 6u);
  EXPECT_EQ(file.entries().at("optimizer/first/heads").shape, cube);
  for (int ranks : {1, 2, 3, 7}) {
    for (int rank = 0; rank < ranks; ++rank) {
      for (int dim : {0, 1}) {
        expect_block<float>(file, "parameters/rows", matrix, Block(matrix, dim, rank, ranks));
        expect_block<float>(file, "parameters/columns", matrix, Block(matrix, dim, rank, ranks));
      }
      expect_block<float>(file, "optimizer/first/heads", cube, Block(cube, 2, rank, ranks));
      expect_block<float>(file, "parameters/layers.0.norm1.weight", vector, Block(vector, 0, rank, ranks));
    }
  }
  expect_block<float>(file, "optimizer/second/large", big, Block(big, 0, 0, 1));
}

/// Not even a row of the first dim is one piece.
TEST(Checkpoint, IsWrittenInPieces) {
  const SharedFolder folder;
  const auto path = folder / "step.h5";
  const Shape global{2, 3000, 1000};
  Owned<float> cut("parameters/cut", global, 1), whole("parameters/whole", global, 0, false);
  whole.shard.writes = tests::world().rank() == 0;
  write_checkpoint(tests::world().all(), path, {1, 2, "deck"}, std::vector{cut.shard, whole.shard});
  for (const char* name : {"parameters/cut", "parameters/whole"})
    expect_block<float>(Checkpoint(path), name, global, Block(global, 0, 0, 1));
}

/// As training does meanwhile, ranks may talk to each other, and write other files.
TEST(Checkpoint, IsWrittenBesideOtherWork) {
  const SharedFolder folder;
  const auto& ranks = tests::world().all();
  const Shape global{400, 1000};
  const Owned<float> first("parameters/tall", global, 0);
  const Owned<float> second("parameters/tall", global, 1);
  CheckpointWriter writer(ranks, folder / "behind.h5", {7, 8, "deck"}, std::vector{first.shard});
  writer.write_behind();
  write_checkpoint(ranks, folder / "at_once.h5", {1, 2, "deck"}, std::vector{second.shard});
  EXPECT_FALSE(std::filesystem::exists(folder / "behind.h5")) << "it is there when it is finished";
  writer.finish();
  EXPECT_TRUE(writer.done());
  EXPECT_EQ(writer.bytes(), ranks.rank() == 0 ? global.count() * size_of(DType::f32) : 0);
  for (const char* name : {"behind.h5", "at_once.h5"})
    expect_block<float>(Checkpoint(folder / name), "parameters/tall", global, Block(global, 0, 0, 1));
  EXPECT_EQ(Checkpoint(folder / "behind.h5").header().step, 7);
}

/// Collective.
void expect_nothing_but_the_old(const SharedFolder& folder) {
  comm::all_sum(tests::world().all(), 0.0, "all to have given up");
  EXPECT_FALSE(std::filesystem::exists(folder / "step.h5.partial"));
  EXPECT_EQ(Checkpoint(folder / "step.h5").header().step, 12);
}

/// As a run is that ends before.
TEST(Checkpoint, ThatIsGivenUpLeavesNothing) {
  const SharedFolder folder;
  const auto& ranks = tests::world().all();
  write_all(folder / "step.h5");
  const Owned<float> part("parameters/large", big, 0);
  {
    CheckpointWriter writer(ranks, folder / "step.h5", {}, std::vector{part.shard});
    writer.write_behind();
  }
  expect_nothing_but_the_old(folder);
}

TEST(Checkpoint, WhatOneRankCannotWriteFailsOnAllAndSparesTheOldFile) {
  const SharedFolder folder;
  const auto& ranks = tests::world().all();
  write_all(folder / "step.h5");
  const Owned<float> part("parameters/large", big, 0);
  {
    CheckpointWriter writer(ranks, folder / "step.h5", {}, std::vector{part.shard});
    {
      std::optional<tests::LargestFile> limit;
      if (ranks.rank() == ranks.size() - 1) limit.emplace(0);
      writer.write();
    }
    expect_error(ExitCode::failure, {"step.h5: cannot write it", "File too large"}, [&] { writer.finish(); });
  }
  expect_nothing_but_the_old(folder);
}

TEST(Checkpoint, TellsWhatProductsWereComputedWith) {
  const SharedFolder folder;
  Owned<float> some("parameters/some", vector, 0);
  const CheckpointHeader header{1, 2, "deck", "{\"products\": []}\n"};
  write_checkpoint(tests::world().all(), folder / "step.h5", header, std::vector{some.shard});
  EXPECT_EQ(Checkpoint(folder / "step.h5").header(), header);
  EXPECT_EQ(Checkpoint(folder / "step.h5").entries().size(), 1u) << "the text is no tensor";
}

TEST(Checkpoint, PrecisionIsConverted) {
  const SharedFolder folder;
  write_all(folder / "step.h5");
  const Checkpoint file(folder / "step.h5");
  const Block whole(matrix, 0, 0, 1);
  EXPECT_EQ(file.entries().at("extra/fine").dtype, DType::f64);
  expect_block<double>(file, "extra/fine", matrix, whole);
  expect_block<float>(file, "extra/fine", matrix, whole);
  std::vector<double> wide(static_cast<std::size_t>(matrix.count()));
  file.read("parameters/rows", matrix, whole.begin, Tensor{wide.data(), DType::f64, matrix});
  EXPECT_EQ(wide[100], static_cast<double>(element<float>(100)));
}

TEST(Checkpoint, ReplacesAnOlderOne) {
  const SharedFolder folder;
  Owned<float> old("parameters/old", vector, 0);
  write_checkpoint(tests::world().all(), folder / "step.h5", {1, 2, ""}, std::vector{old.shard});
  write_all(folder / "step.h5");
  EXPECT_EQ(Checkpoint(folder / "step.h5").header().step, 12);
}

TEST(Checkpoint, MissingPartFailsOnEveryRankAndSparesTheOldFile) {
  const SharedFolder folder;
  write_all(folder / "step.h5");
  Owned<float> part("parameters/rows", matrix, 0);
  part.shard.writes = tests::world().rank() != tests::world().size() - 1;
  expect_error(ExitCode::failure, {"parameters/rows", "would be written"}, [&] {
    write_checkpoint(tests::world().all(), folder / "step.h5", {}, std::vector{part.shard});
  });
  EXPECT_EQ(Checkpoint(folder / "step.h5").header().step, 12);
  try {
    write_checkpoint(tests::world().all(), folder / "step.h5", {}, std::vector{part.shard});
  } catch (const WriteFailure&) {
    ADD_FAILURE() << "a mistake is nothing that a run goes on after";
  } catch (const Error&) {  // as above
  }
}

TEST(Checkpoint, UnwritablePlaceFailsOnEveryRank) {
  const SharedFolder folder;
  if (tests::world().rank() == 0) std::filesystem::create_directory(folder / "step.h5");
  Owned<float> part("parameters/rows", matrix, 0);
  for (const auto& place : {folder / "step.h5", std::string("/proc/nowhere/step.h5")})
    expect_error(ExitCode::usage, {"cannot"},
                 [&] { write_checkpoint(tests::world().all(), place, {}, std::vector{part.shard}); });
}

TEST(Checkpoint, DamagedByteIsSeen) {
  const SharedFolder folder;
  write_all(folder / "step.h5");
  if (tests::world().rank() == 0) {
    auto bytes = tests::bytes_of(folder / "step.h5");
    const float pattern[] = {1000, 1001, 1002, 1003};
    const auto place = bytes.find(std::string(reinterpret_cast<const char*>(pattern), sizeof pattern));
    ASSERT_NE(place, std::string::npos);
    bytes[place + 6] ^= 4;
    std::ofstream(folder / "damaged.h5", std::ios::binary) << bytes;
    const Checkpoint file(folder / "damaged.h5");
    expect_error(ExitCode::usage, {"damaged.h5", "cannot read ", "the checksum of ["}, [&] {
      for (const auto& [name, entry] : file.entries()) {
        std::vector<double> values(static_cast<std::size_t>(entry.shape.count()));
        file.read(name, entry.shape, Block(entry.shape, 0, 0, 1).begin,
                  Tensor{values.data(), DType::f64, entry.shape});
      }
    });
  }
}

TEST(Checkpoint, WrongNamesAndShapesAreRefused) {
  const SharedFolder folder;
  write_all(folder / "step.h5");
  const Checkpoint file(folder / "step.h5");
  std::vector<float> values(11);
  const Tensor local{values.data(), DType::f32, vector};
  expect_error(ExitCode::usage, {"step.h5", "no parameters/other", "6 datasets"},
               [&] { file.read("parameters/other", vector, Shape{0}, local); });
  expect_error(ExitCode::usage, {"parameters/rows", "[37, 53]", "[11]"},
               [&] { file.read("parameters/rows", vector, Shape{0}, local); });
}

}  // namespace
}  // namespace heddle::io
