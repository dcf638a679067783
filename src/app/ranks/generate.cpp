#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <type_traits>

#include "commands.hpp"
#include "heddle/base/random.hpp"
#include "heddle/data/tokenizer.hpp"
#include "heddle/deck/read.hpp"
#include "heddle/exec/engine.hpp"
#include "heddle/io/checkpoint.hpp"
#include "heddle/io/run_file.hpp"
#include "heddle/kernels/runtime.hpp"
#include "heddle/plan/plan.hpp"
#include "heddle/train/parameters.hpp"

namespace heddle::app {
namespace {

namespace fs = std::filesystem;

/// The run's own checkpoint with the most steps; what another deck left in the directory does not count.
fs::path last_checkpoint(const fs::path& directory, const std::string& deck) {
  fs::path last;
  std::int64_t most = -1;
  if (fs::is_directory(directory))
    for (const auto& entry : fs::directory_iterator(directory)) {
      if (entry.path().extension() != ".h5") continue;
      const io::CheckpointHeader header = io::Checkpoint(entry.path().string()).header();
      if (header.deck == deck && header.step > most) last = entry.path(), most = header.step;
    }
  if (last.empty())
    throw Error(ExitCode::usage, fmt::format("{} holds no checkpoint of this run", directory.string()),
                "a run writes one at its end", "let the run finish, or set output.checkpoint_every");
  return last;
}

/// Training makes a weight of its master in this way.
template <class T>
T as_trained(double x) {
  if constexpr (std::is_same_v<T, BFloat16>)
    return BFloat16::nearest(static_cast<float>(x));
  else
    return static_cast<T>(x);
}

/// The model on one device, with the parameters of a checkpoint: from tokens to the logits of the next.
class Writer {
 public:
  Writer(const deck::Model& model, Precision precision, const fs::path& checkpoint, comm::World& world)
      : plan_(plan::for_inference(model, precision)),
        grid_(world, plan_.grid(), plan::axis_sets(plan_)),
        engine_(exec::EngineInput{
            .plan = plan_, .execution = plan_.evaluation, .grid = grid_, .clock = clock_, .lane = lane_}) {
    const io::Checkpoint file(checkpoint.string());
    for (const train::Parameter& p : train::parameters(engine_.program(), engine_.arena(), grid_, {})) {
      Shape begin;
      for (int dim = 0; dim < p.global.rank(); ++dim) begin.push_back(0);
      std::vector<double> numbers(static_cast<std::size_t>(p.tensor.count()));
      file.read(io::parameter_dataset(p.name), p.global, begin, {numbers.data(), DType::f64, p.tensor.shape});
      with_real(p.tensor.dtype, [&](auto zero) {
        std::vector<decltype(zero)> host;
        std::ranges::transform(numbers, std::back_inserter(host), as_trained<decltype(zero)>);
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

}  // namespace

void generate(const GenerateArguments& arguments, comm::World& world) {
  const fs::path given(arguments.run);
  const fs::path directory = fs::is_directory(given) ? given : given.parent_path();
  const io::RunHeader header =
      io::read_run_header((fs::is_directory(given) ? given / "run.h5" : given).string());
  const deck::Deck deck = deck::restore(header.deck_resolved, given.string());
  const data::Tokenizer tokenizer(header.vocabulary);
  std::vector<std::int32_t> text = tokenizer.encode({arguments.prompt, "--prompt"});
  if (text.empty()) throw Error(ExitCode::usage, "the prompt is empty", "", "give at least one character");
  if (std::isnan(arguments.temperature))
    throw Error(ExitCode::usage, "--temperature is not a number", "", "give 0 or more");

  const fs::path checkpoint = last_checkpoint(directory / "checkpoints", header.deck_resolved);
  if (world.size() > 1)
    throw Error(ExitCode::usage, fmt::format("heddle generate was started as {} processes", world.size()),
                "it writes with one", "start it without mpirun or srun");
  const kernels::Runtime runtime;
  Writer writer(deck.model, deck.train.precision, checkpoint, world);
  const std::uint64_t key = random_key("generate", static_cast<std::uint64_t>(arguments.seed));
  for (std::int64_t i = 0; i < arguments.tokens; ++i)
    text.push_back(sample(writer.next_logits(text), header.vocabulary.size, arguments.temperature,
                          uniform_at(key, 0, static_cast<std::uint64_t>(i))));
  fmt::print("{}\n", tokenizer.decode(text));
}

}  // namespace heddle::app
