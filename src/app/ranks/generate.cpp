#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <memory>

#include "commands.hpp"
#include "heddle/base/random.hpp"
#include "heddle/base/terminal.hpp"
#include "heddle/data/tokenizer.hpp"
#include "heddle/deck/read.hpp"
#include "heddle/exec/engine.hpp"
#include "heddle/io/checkpoint.hpp"
#include "heddle/io/run_file.hpp"
#include "heddle/io/stored_run.hpp"
#include "heddle/kernels/runtime.hpp"
#include "heddle/plan/plan.hpp"
#include "heddle/train/parameters.hpp"

namespace heddle::app {
namespace {

/// The model on one device, with the parameters of a checkpoint: from tokens to the logits of the next.
class Writer {
 public:
  Writer(const deck::Model& model, Precision precision, const std::string& checkpoint, comm::World& world)
      : plan_(plan::for_inference(model, precision)),
        grid_(world, plan_.grid(), plan::axis_sets(plan_)),
        engine_(exec::EngineInput{
            .plan = plan_, .execution = plan_.evaluation, .grid = grid_, .clock = clock_, .lane = lane_}) {
    const io::Checkpoint file(checkpoint);
    for (const train::Parameter& p : train::parameters(engine_.program(), engine_.arena(), grid_, {})) {
      Shape begin;
      for (int dim = 0; dim < p.global.rank(); ++dim) begin.push_back(0);
      std::vector<double> numbers(static_cast<std::size_t>(p.tensor.count()));
      file.read(io::parameter_dataset(p.name), p.global, begin, {numbers.data(), DType::f64, p.tensor.shape});
      with_real(p.tensor.dtype, [&](auto zero) {
        std::vector<decltype(zero)> host;
        std::ranges::transform(numbers, std::back_inserter(host), nearest<decltype(zero)>);
        lane_.copy_from_host(std::as_bytes(std::span(host)), p.tensor);
      });
    }
  }

  /// Of the token that follows the last `context` tokens of the text. What lies behind the last token of the
  /// window does not matter: attention is causal.
  std::vector<double> next_logits(const std::vector<std::int32_t>& text) {
    const std::int64_t context = plan_.options.model.context;
    const std::int64_t used = std::min<std::int64_t>(context, static_cast<std::int64_t>(text.size()));
    std::vector<std::int32_t> window(text.end() - used, text.end());
    window.resize(static_cast<std::size_t>(context), 0);
    engine_.load("tokens", window);
    engine_.run_row({}, nullptr, nullptr);
    const Tensor logits = engine_.runner().tensor(*engine_.find("logits"));
    return with_real(logits.dtype, [&](auto zero) {
      std::vector<decltype(zero)> all(static_cast<std::size_t>(logits.count()));
      lane_.copy_to_host(logits, std::as_writable_bytes(std::span(all)));
      const auto row = all.begin() + (used - 1) * plan_.options.model.vocabulary;
      return std::vector<double>(row, row + plan_.options.model.vocabulary);
    });
  }

 private:
  plan::Plan plan_;
  comm::CartesianGrid grid_;
  exec::Clock clock_;
  lanes::Lane lane_ = lanes::device_lane();
  exec::Engine engine_;
};

/// Draws a token from softmax(logits / temperature), ids beyond the vocabulary left out.
std::int32_t sample(const std::vector<double>& logits, std::int64_t vocabulary, double temperature,
                    double uniform) {
  const auto end =
      logits.begin() + std::min<std::int64_t>(vocabulary, static_cast<std::int64_t>(logits.size()));
  const auto likeliest = std::max_element(logits.begin(), end);
  if (temperature <= 0) return static_cast<std::int32_t>(likeliest - logits.begin());
  std::vector<double> sums;
  double sum = 0;
  for (auto it = logits.begin(); it != end; ++it)
    sums.push_back(sum += std::exp((*it - *likeliest) / temperature));
  return static_cast<std::int32_t>(std::ranges::lower_bound(sums, uniform * sum) - sums.begin());
}

[[noreturn]] void refuse(const io::RunPlace& place, const std::vector<std::string>& passed_over) {
  throw Error(
      ExitCode::usage,
      fmt::format("{}: no checkpoint of the run {}",
                  place.checkpoint.empty() ? place.checkpoints : place.checkpoint, place.run_file),
      passed_over.empty() ? "a run writes one at its end" : fmt::format("{}", fmt::join(passed_over, "; ")),
      "let the run finish, or set output.checkpoint_every");
}

/// Of the newest checkpoint that can be read; says which are passed over.
std::unique_ptr<Writer> writer_of(io::StoredCheckpoints found, const io::RunPlace& place,
                                  const deck::Deck& deck, comm::World& world) {
  for (const io::StoredCheckpoint& one : found.own) try {
      auto writer = std::make_unique<Writer>(deck.model, deck.train.precision, one.path, world);
      for (const std::string& other : found.others) print_warning("heddle: passed over: " + other);
      return writer;
    } catch (const Error& damaged) {
      found.others.emplace_back(damaged.what());
    }
  refuse(place, found.others);
}

}  // namespace

void generate(const GenerateArguments& arguments, comm::World& world) {
  const io::RunPlace place = io::place_of_run(arguments.run);
  const io::RunHeader header = io::read_run_header(place.run_file);
  const deck::Deck deck = deck::restore(header.deck_resolved, place.run_file);
  const data::Tokenizer tokenizer(header.vocabulary);
  std::vector<std::int32_t> text = tokenizer.encode({arguments.prompt, "--prompt"});
  if (text.empty()) throw Error(ExitCode::usage, "the prompt is empty", "", "give at least one character");
  if (std::isnan(arguments.temperature))
    throw Error(ExitCode::usage, "--temperature is not a number", "", "give 0 or more");

  const io::StoredCheckpoints found = io::checkpoints_of(header, place);
  if (found.own.empty()) refuse(place, found.others);
  if (world.size() > 1)
    throw Error(ExitCode::usage, fmt::format("heddle generate was started as {} processes", world.size()),
                "it writes with one", "start it without mpirun or srun");
  const kernels::Runtime runtime;
  const std::unique_ptr<Writer> writer = writer_of(found, place, deck, world);
  const std::uint64_t key = random_key("generate", static_cast<std::uint64_t>(arguments.seed));
  for (std::int64_t i = 0; i < arguments.tokens; ++i)
    text.push_back(sample(writer->next_logits(text), header.vocabulary.size, arguments.temperature,
                          uniform_at(key, 0, static_cast<std::uint64_t>(i))));
  fmt::print("{}\n", tokenizer.decode(text));
}

}  // namespace heddle::app
