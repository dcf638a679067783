// Ranks that hold unequal numbers of stages, as the rows of a file say, train as 1F1B does.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "synthetic_run.hpp"

namespace heddle::tests {
namespace {

struct Rows {
  const char* what;
  const char* text;
};
constexpr Rows uneven_rows[] = {
    {"1 and 2 stages", "0F0,0F1,0B0,0B1\n1F0,2F0,1F1,2F1,2I0,1B0,2B1,1B1,2W0\n"},
    {"2 and 1 stages", "0F0,1F0,0F1,1F1,1B0,0B0,1B1,0B1\n2F0,2B0,2F1,2B1\n"},
    {"the first and the last of 3 beside the second", "0F0,0F1,2F0,2B0,2F1,2B1,0B0,0B1\n1F0,1F1,1B0,1B1\n"},
    {"1 and 3 stages", "0F0,0F1,0B0,0B1\n1F0,2F0,3F0,3B0,2B0,1B0,1F1,2F1,3F1,3B1,2B1,1B1\n"}};

/// Each process reads files of its own.
class Folder {
 public:
  Folder()
      : path_(std::filesystem::path(testing::TempDir()) /
              fmt::format("heddle_uneven_{}_{}", world().size(), world().rank())) {
    std::filesystem::create_directories(path_);
    write("deck.toml", small_gpt);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string file(const std::string& name) const { return (path_ / name).string(); }
  void write(const std::string& name, const char* text) const { std::ofstream(file(name)) << text; }
  deck::Deck deck(const std::string& schedule) const {
    return plan::read_deck(
        file("deck.toml"),
        std::vector<std::string>{"grid.pipeline=2", fmt::format("grid.data={}", world().size() / 2),
                                 "pipeline.microbatches=2", "train.steps=4", "optimizer.clip=0",
                                 "pipeline.schedule=" + schedule},
        deck::Purpose::training);
  }

 private:
  std::filesystem::path path_;
};

TEST(UnevenStages, TrainAs1F1BDoes) {
  if (world().size() != 2 && world().size() != 4) GTEST_SKIP() << "two ranks a pipeline";
  const Folder folder;
  const Outcome wanted = train(folder.deck("1f1b"));
  for (const Rows& rows : uneven_rows) {
    folder.write("rows.csv", rows.text);
    const Outcome outcome = train(folder.deck("file:" + folder.file("rows.csv")));
    for (std::size_t step = 0; step < wanted.losses.size(); ++step)
      EXPECT_NEAR(outcome.losses[step], wanted.losses[step], 1e-12 * wanted.losses[step]) << rows.what;
    EXPECT_NEAR(outcome.gradient_norm, wanted.gradient_norm, 1e-12 * wanted.gradient_norm) << rows.what;
    EXPECT_NEAR(outcome.evaluation, wanted.evaluation, 1e-12 * wanted.evaluation) << rows.what;
  }
}

}  // namespace
}  // namespace heddle::tests
