// Decks that are right, of random keys, and wrong values for one of them.
#pragma once

#include <fmt/format.h>

#include <map>
#include <random>
#include <string>
#include <vector>

namespace heddle::tests {

/// The values of keys as TOML has them, "model.width" to "32".
using Keys = std::map<std::string, std::string>;

/// Positions are of these lines: a section's header, then its keys.
inline std::string text_of(const Keys& keys) {
  std::string text, section;
  for (const auto& [name, value] : keys) {
    const auto dot = name.find('.');
    if (name.substr(0, dot) != section) text += fmt::format("[{}]\n", section = name.substr(0, dot));
    text += fmt::format("{} = {}\n", name.substr(dot + 1), value);
  }
  return text;
}

class RandomDecks {
 public:
  explicit RandomDecks(std::uint64_t seed) : random_(seed) {}

  template <class T>
  T one_of(const std::vector<T>& choices) {
    return choices[random_() % choices.size()];
  }

  /// What it lays out fits, and every key is used.
  Keys next() {
    const int pipeline = one_of<int>({1, 2, 4}), tensor = one_of<int>({1, 2}), data = one_of<int>({1, 2});
    const auto [schedule, chunks] = one_of<std::pair<std::string, int>>({{"1f1b", 1},
                                                                         {"gpipe", 1},
                                                                         {"zb-h1", 1},
                                                                         {"zb-auto", 1},
                                                                         {"interleaved", 2},
                                                                         {"zb-v", 2},
                                                                         {"looped-bfs", 3}});
    const int heads = tensor * one_of<int>({1, 2}), microbatches = one_of<int>({1, 2, 4}),
              steps = one_of<int>({1, 10, 100});
    Keys keys = {{"model.layers", std::to_string(pipeline * chunks + one_of<int>({0, 1}))},
                 {"model.heads", std::to_string(heads)},
                 {"model.width", std::to_string(heads * one_of<int>({4, 8}))},
                 {"model.context", "32"},
                 {"model.vocabulary", one_of<std::string>({"64", "255"})},
                 {one_of<std::string>({"grid.pipeline", "pipeline.ranks"}), std::to_string(pipeline)},
                 {"grid.tensor", std::to_string(tensor)},
                 {"grid.data", std::to_string(data)},
                 {"pipeline.schedule", '"' + schedule + '"'},
                 {"pipeline.chunks", std::to_string(chunks)},
                 {"pipeline.microbatches", std::to_string(microbatches)},
                 {"train.steps", std::to_string(steps)},
                 {"train.batch", std::to_string(data * microbatches * one_of<int>({1, 3}))},
                 {"train.precision", one_of<std::string>({"\"fp32\"", "\"fp64\"", "\"bf16\""})}};
    const auto maybe = [&](const char* key, const std::vector<std::string>& values) {
      if (one_of<int>({0, 1}) == 1) keys[key] = one_of(values);
    };
    maybe("train.sequence", {"16", "32"});
    maybe("train.evaluate_every", {"5"});
    maybe("train.recompute", {"\"none\"", "\"full\""});
    maybe("optimizer.rate", {"1e-3", "0.5"});
    maybe("optimizer.final_rate", {"1e-5"});
    maybe("optimizer.warmup", {"0", std::to_string(steps / 2)});
    maybe("optimizer.epsilon", {"1e-8"});
    maybe("optimizer.beta2", {"0.99"});
    maybe("data.held_out", {"0.2"});
    maybe("data.order", {"\"random\"", "\"sequential\""});
    maybe("grid.order", {R"(["tensor", "data", "pipeline"])"});
    maybe("pipeline.balance", {"\"work\"", "\"flops\""});
    maybe("output.log_every", {"3"});
    maybe("comm.timeout", {"9.5"});
    return keys;
  }

  struct Wrong {
    std::string key, value;
  };
  /// For any key of a deck; not all decks mind.
  Wrong wrong() {
    const std::vector<std::string> numbers = {
        "-1",         "0",    "3",   "5",   "7",     "1e-60", "1e60",
        "nan",        "2.5",  "[3]", "4.0", "\"4\"", "true",  "4611686018427387904",
        "2147483647", "70000"};
    const std::vector<std::string> words = {
        "\"1f2b\"",       "\"gpip\"", "\"dualpipev\"", "\"dynamic\"",  "\"zb-v\"",     "\"bf17\"",
        "\"ful\"",        "\"auto\"", "\"wsd\"",       "\"constant\"", "\"time\"",     "\"none\"",
        "\"sequentiel\"", "1",        "\"\"",          "\"bf16\"",     "\"transmitt\""};
    const std::vector<std::string> of_numbers = {"model.heads",
                                                 "model.width",
                                                 "model.context",
                                                 "model.vocabulary",
                                                 "grid.data",
                                                 "grid.tensor",
                                                 "grid.pipeline",
                                                 "pipeline.ranks",
                                                 "pipeline.window",
                                                 "pipeline.memory_limit",
                                                 "train.steps",
                                                 "train.batch",
                                                 "train.sequence",
                                                 "train.evaluate_every",
                                                 "train.memory_limit_mib",
                                                 "train.loss_rows",
                                                 "optimizer.rate",
                                                 "optimizer.final_rate",
                                                 "optimizer.warmup",
                                                 "optimizer.decay",
                                                 "optimizer.epsilon",
                                                 "optimizer.beta2",
                                                 "model.norm_epsilon",
                                                 "model.dropout",
                                                 "model.init_std",
                                                 "data.held_out",
                                                 "data.seed",
                                                 "comm.timeout",
                                                 "comm.bucket_mib",
                                                 "output.log_every"};
    const std::vector<std::string> of_words = {"pipeline.schedule",  "pipeline.balance",  "pipeline.tied",
                                               "train.precision",    "train.recompute",   "train.memory",
                                               "optimizer.schedule", "optimizer.masters", "optimizer.moments",
                                               "optimizer.validate", "comm.gradients",    "data.order"};
    const std::vector<Wrong> others = {
        {"model.layers", one_of<std::string>({"0", "1", "5000", "2.0", "true"})},
        {"pipeline.chunks", one_of<std::string>({"0", "2", "5", "9", "-1"})},
        {"pipeline.microbatches", one_of<std::string>({"0", "3", "7", "70000"})},
        {"pipeline.cuts", one_of<std::string>({"[1]", "[2, 1, 1]", "[9]", "[0]", "3", "[1, 2, 3]"})},
        {"grid.order",
         one_of<std::string>({"[]", "[\"data\", \"data\", \"tensor\"]", "[\"dat\"]", "\"data\""})},
        {"cost.forward", one_of<std::string>({"[1, 2, 3, 4, 5, 6, 7]", "-1", "\"1\""})},
        {"cost.blocks", one_of<std::string>({"[1, 2]", "[-1]"})},
        {"output.events", one_of<std::string>({"1", "\"true\"", "\"yes\""})},
        {"output.directory", one_of<std::string>({"7", "\"~nobody/x\""})},
        {one_of<std::string>({"model.widht", "optimizer.batch", "train.head", "grid.tensors", "data.token"}),
         "3"}};
    const int kind = one_of<int>({0, 0, 0, 1, 1, 2, 2});
    if (kind == 0) return {one_of(of_numbers), one_of(numbers)};
    if (kind == 1) return {one_of(of_words), one_of(words)};
    return one_of(others);
  }

 private:
  std::mt19937_64 random_;
};

}  // namespace heddle::tests
