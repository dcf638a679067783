// Reading: what a right deck holds, and the exact words for each wrong one.
#include "heddle/deck/read.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "../support/temporary_folder.hpp"
#include "heddle/deck/print.hpp"
#include "support.hpp"

namespace heddle::deck {
namespace {

TEST(Read, ValuesDefaultsAndPositions) {
  const Deck deck = parse(
      "[model]\n  layers = 2\n  heads = 6\nwidth = 48\ncontext = 32\nvocabulary = 256\n"
      "[train]\nsteps = 10\nbatch = 8\n[optimizer]\nrate = 1\n",
      "inputs/d.toml", Lines{"grid.tensor=2", "pipeline.schedule = gpipe", "grid.tensor=3"});
  EXPECT_EQ(deck.name, "d");
  EXPECT_EQ(deck.model.heads, 6);
  EXPECT_EQ(deck.optimizer.rate, 1.0);  // an integer may stand for a number
  EXPECT_EQ(deck.grid.tensor, 3);       // the last override wins
  EXPECT_EQ(deck.pipeline.schedule, "gpipe");
  EXPECT_EQ(deck.train.sequence, 32);
  EXPECT_EQ(deck.output.directory, "runs/d");
  EXPECT_EQ(deck.comm.timeout, 300.0);
  EXPECT_EQ(deck.at("model.heads"), "inputs/d.toml:3:3");
  EXPECT_EQ(deck.at("grid.tensor"), "command line: grid.tensor=3");
  EXPECT_EQ(deck.at("grid.data"), "default");
  EXPECT_THROW(deck.at("grid.depth"), Error);
}

TEST(Read, TheRanksOfAPipelineMayStandInEitherSection) {
  EXPECT_EQ(parse(good, "d.toml", Lines{"grid.pipeline=2"}).pipeline.ranks, 2);
  EXPECT_EQ(parse(good, "d.toml", Lines{"pipeline.ranks=2"}).grid.pipeline, 2);
}

TEST(Read, AScheduleNeedsNoModel) {
  const std::string text = "[pipeline]\nranks = 4\nmicrobatches = 8\n";
  for (const Purpose purpose : {Purpose::schedule, Purpose::simulation}) {
    const Deck deck = parse(text, "d.toml", {}, purpose);
    EXPECT_EQ(deck.grid.pipeline, 4);
    EXPECT_NO_THROW(check(deck, purpose));
  }
  EXPECT_FALSE(complaints([&] { parse(text, "d.toml"); }).empty());
  EXPECT_FALSE(complaints([&] {
                 check(parse(text, "d.toml", Lines{"pipeline.microbatches=65536", "pipeline.chunks=16"},
                             Purpose::schedule),
                       Purpose::schedule);
               }).empty());
}

TEST(Read, OverridesAreTomlOrBareWords) {
  const Deck deck =
      parse(good, "d.toml",
            Lines{"data.tokens=a folder/x-1.h5", "output.directory=\"1\"", "train.precision=fp64",
                  "grid.order=[\"tensor\",\"pipeline\",\"data\"]", "pipeline.cuts=[1]", "optimizer.rate=1e-2",
                  "output.events=false", "train.seed=1_000"});
  EXPECT_EQ(deck.data.tokens, "a folder/x-1.h5");
  EXPECT_EQ(deck.output.directory, "1");
  EXPECT_EQ(deck.train.precision, Precision::fp64);
  EXPECT_EQ(deck.grid.order, (std::vector{Axis::tensor, Axis::pipeline, Axis::data}));
  EXPECT_EQ(deck.pipeline.cuts, std::vector{1});
  EXPECT_EQ(deck.optimizer.rate, 0.01);
  EXPECT_FALSE(deck.output.events);
  EXPECT_EQ(deck.train.seed, 1000);
}

TEST(Read, OverridesOfTextsTakeWordsAsTheyStand) {
  for (const std::string word :
       {".", "..", "07", "2026-11-27", "1e5", "true", "[a]", "a#b", "{x", "inf", "a = b", "it's", "1_000"})
    EXPECT_EQ(parse(good, "d.toml", Lines{"output.directory=" + word}).output.directory, word);
  EXPECT_EQ(parse(good, "d.toml", Lines{"output.directory='07'"}).output.directory, "07");
  EXPECT_EQ(parse(good, "d.toml", Lines{"output.directory=\"a\\u0041\""}).output.directory, "aA");
  EXPECT_EQ(parse(good, "d.toml", Lines{"output.directory=\"\""}).output.directory, "runs/d")
      << "as if it were not given";
}

TEST(Read, AnEmptyOverrideGivesAKeyUp) {
  const Deck plain = parse(good, "d.toml");
  const Deck deck = parse(good, "d.toml",
                          Lines{"optimizer.rate=0.5", "grid.order=[\"data\"]", "output.directory=x",
                                "optimizer.rate=", "grid.order=", "output.directory=", "train.precision="});
  EXPECT_EQ(resolved(deck), resolved(plain));
  EXPECT_EQ(deck.at("optimizer.rate"), "default");
  EXPECT_EQ(parse(good, "d.toml", Lines{"optimizer.rate=", "optimizer.rate=0.25"}).optimizer.rate, 0.25);
  EXPECT_THAT(complaints([&] { parse(good, "d.toml", Lines{"model.width="}); }),
              testing::ElementsAre(testing::HasSubstr("model.width is missing")));
}

struct Bad {
  std::string given, says;
};

TEST(Read, BadOverridesSayWhatIsWrong) {
  const std::string heads = "(attention heads of a block); ", rate = "(learning rate after warm-up); ";
  const std::string unknown = "(unknown names are never skipped); ";
  const std::string dropout = "(probability that a number is dropped in training); ";
  const std::string schedule = "(order of forward and backward passes; file: and a path: as its rows say); ";
  std::string choices;
  for (const Word word : schedules) choices += fmt::format("{}\"{}\"", choices.empty() ? "" : " or ", word);
  choices += " or \"file:...\"";
  const std::string cuts = "(first layer of each stage but the first; empty: as pipeline.balance says); ";
  const std::string no_override = "this is no override (an override is section.key=value); write it so";
  const Bad bad[] = {
      {"grid.tensro=2", "grid.tensro is no key of a deck " + unknown + "did you mean grid.tensor?"},
      {"gird.tensor=2", "[gird] is no section of a deck " + unknown + "did you mean [grid]?"},
      {"train.rate=1", "train.rate is no key of a deck " + unknown + "did you mean optimizer.rate?"},
      {"train.batch_size=1", "train.batch_size is no key of a deck " + unknown + "did you mean train.batch?"},
      {"comm.xyz=1", "comm.xyz is no key of a deck " + unknown +
                         "the keys are timeout, bucket_mib, gradients, device_aware"},
      {"zzz.x=1",
       "[zzz] is no section of a deck " + unknown +
           "the sections are model, data, grid, pipeline, train, optimizer, comm, output, cost, machine"},
      {"tensor=2",
       "tensor stands outside of every section (every key belongs to a section); did you mean grid.tensor?"},
      {"model=3",
       "model = 3 is not a section (a section holds keys); write [model] once, and its keys below"},
      {"model.heads=-1", "model.heads = -1 is out of range " + heads + "give at least 1"},
      {"model.heads=0", "model.heads = 0 is out of range " + heads + "give at least 1"},
      {"model.heads=3000000000",
       "model.heads = 3000000000 does not fit into 32 bits " + heads + "give at most 2147483647"},
      {"model.heads=99999999999999999999",
       "cannot parse decimal integer: '99999999999999999999' is not representable in 64 bits (an integer "
       "ends at "
       "9223372036854775807); give a smaller number"},
      {"model.heads=4.5", "model.heads = 4.5 is a float, not an integer " + heads + "give an integer"},
      {"model.heads=1e3", "model.heads = 1000.0 is a float, not an integer " + heads + "write 1000"},
      {"model.heads=\"4\"",
       "model.heads = \"4\" is a string, not an integer " + heads + "write it without quotes"},
      {"model.heads=12x", "model.heads = \"12x\" is a string, not an integer " + heads + "give an integer"},
      {"model.heads=[4]", "model.heads = [4] is a list, not an integer " + heads + "give an integer"},
      {"model.heads=true", "model.heads = true is a boolean, not an integer " + heads + "give an integer"},
      {"model.heads=2020-01-01",
       "model.heads = ... is a date or time, not an integer " + heads + "give an integer"},
      {"model.heads.x=3", "model.heads = {...} is a table, not an integer " + heads + "give an integer"},
      {"model.dropout=1", "model.dropout = 1 is out of range " + dropout + "give at least 0 and less than 1"},
      {"model.dropout=-0.1",
       "model.dropout = -0.1 is out of range " + dropout + "give at least 0 and less than 1"},
      {"optimizer.rate=0", "optimizer.rate = 0 is out of range " + rate + "give more than 0"},
      {"optimizer.rate=nan", "optimizer.rate = nan is not a finite number " + rate + "give more than 0"},
      {"optimizer.rate=+inf", "optimizer.rate = inf is not a finite number " + rate + "give more than 0"},
      {"optimizer.rate=1e999",
       "cannot parse floating-point: '1e999' could not be interpreted as a value (a float "
       "ends at 1.8e308); give a smaller number"},
      {"optimizer.rate=fast",
       "optimizer.rate = \"fast\" is a string, not a number " + rate + "give a number"},
      {"comm.bucket_mib=100000",
       "comm.bucket_mib = 100000 is out of range (gradients that are reduced in one "
       "message); give at least 1 and at most 65536"},
      {"data.tokens=\"a\\u0000b\"",
       "data.tokens = \"a\\u0000b\" holds a control character (tokens that `heddle "
       "prepare` wrote; needed to run, not to check); leave it out"},
      {"output.events=1",
       "output.events = 1 is an integer, not true or false (write every action's times to run.h5); give true "
       "or false"},
      {"output.events=\"true\"",
       "output.events = \"true\" is a string, not true or false (write every action's times "
       "to run.h5); write it without quotes"},
      {"pipeline.schedule=1f1",
       "pipeline.schedule = \"1f1\" is not a choice " + schedule + "did you mean \"1f1b\"?"},
      {"pipeline.schedule=zb", "pipeline.schedule = \"zb\" is not a choice " + schedule + "give " + choices},
      {"pipeline.schedule=3", "pipeline.schedule = \"3\" is not a choice " + schedule + "give " + choices},
      {"grid.order=[\"data\",\"tenser\"]",
       "grid.order[1] = \"tenser\" is not a choice (axes from slowest to fastest; "
       "the fastest joins neighbouring ranks); did you mean \"tensor\"?"},
      {"pipeline.cuts=1", "pipeline.cuts = 1 is an integer, not a list of integers " + cuts + "write [1]"},
      {"pipeline.cuts=[1, 0]", "pipeline.cuts[1] = 0 is out of range " + cuts + "give at least 1"},
      {"pipeline.cuts=[1,2",
       "cannot parse array: encountered end-of-file (the text ends too early); complete the line"},
      {"data.tokens", no_override},
      {"=3", no_override},
      {"", no_override},
      {"[[model]]=3", no_override},
  };
  for (const auto& [given, says] : bad)
    EXPECT_THAT(complaints_with({given}), testing::ElementsAre("command line: " + given + ": " + says));
  EXPECT_THAT(complaints_with({"data.tokens=a\nb"}),
              testing::ElementsAre("command line: data.tokens=a\\u000Ab: " + no_override));
}

TEST(Read, BadTextsSayWhereTheyEnd) {
  const std::string twice = " (a key or section may stand only once); remove one of the two";
  const Bad bad[] = {
      {"", "1:1: the deck is empty (it has no key); start from a copy of inputs/smoke.toml"},
      {"# nothing\n", "1:1: the deck is empty (it has no key); start from a copy of inputs/smoke.toml"},
      {std::string("[m]\na\0b", 7),
       "2:2: this is a binary file: it holds a zero byte (a deck is a text file in UTF-8); give a text file"},
      {"\x7f"
       "ELF\x02",
       "1:1: cannot parse root table: expected keys, tables, whitespace or comments, saw '\\u007F' "
       "(a line is a [section], a key = value, or a # comment); write it as one of these"},
      {"[model]\nfamily = \"\xff\"\n",
       "2:10: Encountered invalid utf-8 sequence (a deck is a text file in UTF-8); give a text file"},
      {"[model]\nheads = 1\nheads = 2\n",
       "3:9: cannot parse key-value pair: cannot redefine existing integer 'heads'" + twice},
      {"[model]\n[model]\n",
       "2:1: cannot parse table header: cannot redefine existing table 'model'" + twice},
      {"[model]\nfamily = gpt2\n",
       "2:10: cannot parse value: could not determine value type (a value is a number, "
       "true, false, a list or a string); write strings in quotes"},
      {"model\n",
       "1:6: cannot parse key-value pair: expected '=', saw '\\n' (a line is key = value); put = between "
       "them"},
      {"[[model\n",
       "1:8: cannot parse table header: expected ']', saw '\\n' (decks are written in TOML, "
       "https://toml.io)"},
      {std::string(70000, '#'),
       "1:1: the deck is longer than 16 KiB (decks are short files written by people); give the deck, not "
       "data"},
  };
  for (const auto& [given, says] : bad)
    EXPECT_THAT(complaints_of(given), testing::ElementsAre("d.toml:" + says));
}

/// What a misspelt name probably meant is not called missing as well.
TEST(Read, AllMistakesAtOnceInTheirOrder) {
  EXPECT_THAT(complaints_of("[model]\n  haeds = 4\nlayers = -1\n[modle]\n[train]\nsteps = \"3\"\n",
                            {"grid.tensor=x", "foo.bar=1"}),
              testing::ElementsAre(
                  "d.toml:2:3: model.haeds is no key of a deck (unknown names are never skipped); did you "
                  "mean model.heads?",
                  "d.toml:3:1: model.layers = -1 is out of range (transformer blocks); give at least 1 and "
                  "at most 4096",
                  "d.toml:4:2: [modle] is no section of a deck (unknown names are never skipped); did you "
                  "mean [model]?",
                  "d.toml:5:1: train.batch is missing (samples a step, over the whole grid; it has no "
                  "default); add batch = "
                  "... to [train]",
                  "d.toml:6:1: train.steps = \"3\" is a string, not an integer (optimizer steps); write it "
                  "without quotes",
                  "command line: grid.tensor=x: grid.tensor = \"x\" is a string, not an integer (parts every "
                  "layer is split "
                  "into); give an integer",
                  "command line: foo.bar=1: [foo] is no section of a deck (unknown names are never skipped); "
                  "the sections are "
                  "model, data, grid, pipeline, train, optimizer, comm, output, cost, machine"));
}

TEST(Read, ASyntaxErrorHidesNoMistakeOfTheCommandLine) {
  EXPECT_EQ(complaints_of("[model\n", {"grid.tensor=0"}).size(), 2u);
}

TEST(Read, MissingKeysAreNamedAtTheirSection) {
  EXPECT_THAT(
      complaints_of("\n[model]\nlayers = 2\nheads = 6\nwidth = 48\ncontext = 32\n", {"train.steps=1"}),
      testing::ElementsAre(
          "d.toml:1:1: train.batch is missing (samples a step, over the whole grid; it has no "
          "default); add batch = ... to [train]",
          "d.toml:2:1: model.vocabulary is missing (different tokens; it has no default); add "
          "vocabulary = ... to [model]"));
}

/// toml++ recurses as deep as keys nest; the longest deck must not outgrow the stack.
TEST(Read, DeepNestingIsRefusedNotACrash) {
  for (const std::string opening : {"a.", "[", "{a=", "[["}) {
    std::string text = opening == "a." ? "" : "a=";
    while (text.size() + opening.size() < 16000) text += opening;
    EXPECT_EQ(complaints_of(text + "a=1").size(), opening == "a." ? 8u : 1u) << opening;
  }
}

TEST(Read, FilesThatAreNoDecks) {
  const auto fix = "; give a deck, such as inputs/smoke.toml";
  const auto says = [](const std::string& file) { return complaints([&] { read(file); }); };
  using testing::ElementsAre;
  const tests::TemporaryFolder folder;
  const std::string missing = folder / "d.toml";
  EXPECT_THAT(says(missing),
              ElementsAre(testing::StartsWith(missing + ": cannot find the deck (looked for in ")));
  EXPECT_THAT(says("/"), ElementsAre(std::string("/: this is a directory (a deck is a file)") + fix));
  EXPECT_THAT(says("/dev/zero"),
              ElementsAre(std::string("/dev/zero: this is no regular file (every rank reads the deck anew, "
                                      "but for -, the standard input)") +
                          fix));
  EXPECT_THAT(
      says("/proc/self/mem"),
      ElementsAre(std::string("/proc/self/mem: cannot read the deck (the file system reports an error)") +
                  fix));
}

TEST(Read, AFileThatMayNotBeRead) {
  namespace fs = std::filesystem;
  const fs::path file = fs::path(testing::TempDir()) / "heddle_secret.toml";
  std::ofstream(file) << good;
  fs::permissions(file, fs::perms::none);
  const bool allowed = static_cast<bool>(std::ifstream(file));  // root may read everything
  const Lines lines = complaints([&] { read(file); });
  fs::remove(file);
  if (allowed) GTEST_SKIP() << "this user may read every file";
  EXPECT_THAT(lines, testing::ElementsAre(file.string() +
                                          ": cannot open the deck (Permission denied); give a deck, such as "
                                          "inputs/smoke.toml"));
}

}  // namespace
}  // namespace heddle::deck
