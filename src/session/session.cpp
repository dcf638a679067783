#include "heddle/session/session.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "heddle/base/aside_file.hpp"
#include "heddle/comm/collectives.hpp"
#include "heddle/data/sampler.hpp"
#include "heddle/deck/print.hpp"
#include "heddle/deck/read.hpp"
#include "heddle/io/checkpoint.hpp"
#include "heddle/io/run_file.hpp"
#include "heddle/plan/from_deck.hpp"
#include "heddle/schedule/text.hpp"
#include "heddle/session/common_clock.hpp"
#include "heddle/session/host_memory.hpp"
#include "heddle/session/progress.hpp"
#include "heddle/session/run_events.hpp"
#include "heddle/session/trainer.hpp"
#include "heddle/train/rate.hpp"

namespace heddle::session {
namespace {

const std::string& tokens_of(const deck::Deck& deck) {
  if (deck.data.tokens.empty())
    throw deck::DeckError(
        {fmt::format("{}: data.tokens is missing (a run needs a tokens file); make one with "
                     "`heddle prepare TEXT -o tokens.h5`",
                     deck.source)});
  return deck.data.tokens;
}

void check_vocabulary(const deck::Deck& deck, const io::TokenFile& file) {
  if (file.header().vocabulary.size <= deck.model.vocabulary) return;
  throw deck::DeckError({fmt::format(
      "{}: model.vocabulary = {} is less than the {} tokens of {} (ids would lie beyond the embedding); try "
      "model.vocabulary = {}",
      deck.at("model.vocabulary"), deck.model.vocabulary, file.header().vocabulary.size, file.path(),
      file.header().vocabulary.size)});
}

/// Everything between a sound deck and its first step that can be wrong without a file being written.
data::Dataset checked_tokens(const deck::Deck& deck, const plan::Plan& plan, const comm::World& world) {
  data::Dataset dataset(tokens_of(deck), deck.data.held_out, deck.train.sequence);
  check_vocabulary(deck, dataset.file());
  check_host_memory(plan, deck.source, world);
  return dataset;
}

void add_memory(io::RunHeader& header, const plan::RankMemory& memory, int rank) {
  for (const schedule::Pool& pool : memory.training.pools)
    header.memory.push_back({rank, pool.name, pool.bytes()});
  if (memory.evaluation > 0) header.memory.push_back({rank, "evaluation", memory.evaluation});
}

io::Shard shard(const train::Parameter& parameter, const std::string& dataset, const Tensor& local) {
  io::Shard shard{dataset, parameter.global, {}, local, parameter.owner};
  for (const maps::Block& block : parameter.box) shard.begin.push_back(block.begin);
  return shard;
}

/// A run must not find at its end that it cannot keep what it learnt: `path` is of a file that it will write.
void demand_writable(const std::string& path) {
  namespace fs = std::filesystem;
  make_folder_of(path);
  const fs::path folder = fs::path(path).parent_path(), probe = folder / ".writable";
  const bool writable = std::ofstream(probe).put('x').flush().good();
  std::error_code ignored;
  fs::remove(probe, ignored);
  if (!writable)
    throw Error(ExitCode::usage, folder.string() + ": cannot write here", "", "change output.directory");
}

}  // namespace

/// How often the run file is brought up to date.
constexpr double seconds_between_rows = 5;

struct Session::Parts final : exec::Observer {
  Parts(const deck::Deck& the_deck, comm::World& the_world);

  void run();
  void step_ended(const exec::StepResult& result) override { rows.push_back(row_of(result)); }
  void train_step(std::int64_t step);
  double evaluate();
  void checkpoint(std::int64_t steps_done);
  /// Collective: the events of all ranks go to the run file.
  void flush_events();
  void flush_rows();
  void keep_rows();
  io::StepRow row_of(const exec::StepResult& result) const;
  io::RunHeader header() const;
  std::string file(const std::string& name) const {
    return (std::filesystem::path(deck.output.directory) / name).string();
  }
  std::string checkpoint_file(std::int64_t steps_done) const {
    return file(fmt::format("checkpoints/step-{:06}.h5", steps_done));
  }
  bool due(std::int64_t every, std::int64_t steps_done) const {
    return steps_done == deck.train.steps || (every > 0 && steps_done % every == 0);
  }

  const deck::Deck& deck;
  comm::World& world;
  plan::Plan plan;
  data::Dataset dataset;
  data::Sampler sampler;
  exec::Clock clock;
  Trainer trainer;
  Progress progress;
  std::optional<io::RunFile> run_file;  ///< on rank 0
  RunEvents events;                     ///< since the last flush
  std::vector<io::StepRow> rows;        ///< of steps that have ended and are not in the run file
  exec::Observers observers;
  double first_step_begin = 0, last_flush = 0;
};

Session::Parts::Parts(const deck::Deck& the_deck, comm::World& the_world)
    : deck(the_deck),
      world(the_world),
      plan(plan::make(deck)),
      dataset(checked_tokens(deck, plan, world)),
      sampler(dataset, deck.data.order, deck.data.seed, deck.train.batch),
      clock(common_clock(world.all())),
      trainer(options_of(deck), plan, world.all(), clock),
      progress(world.rank() == 0 ? Progress::Voice::speaks : Progress::Voice::silent, deck.train.steps,
               deck.train.batch * deck.train.sequence, deck.output.log_every) {
  observers.add(*this);
  observers.add(progress);
  if (deck.output.events) observers.add(events);
  if (world.rank() != 0) return;
  dataset.file().verify();
  demand_writable(file("run.h5"));
  demand_writable(checkpoint_file(0));
  run_file.emplace(file("run.h5"), header());
}

io::RunHeader Session::Parts::header() const {
  io::RunHeader header{.deck_given = deck.text,
                       .overrides = deck.overrides,
                       .deck_resolved = deck::resolved(deck),
                       .hosts = world.hosts(),
                       .grid = plan.grid(),
                       .vocabulary = dataset.file().header().vocabulary,
                       .parameters = plan.count.parameters,
                       .flops_per_step = plan.count.flops_per_step,
                       .actions = {},
                       .memory = {}};
  std::istringstream text(schedule::write(plan.training.schedule));
  for (std::string row; std::getline(text, row);) header.actions.push_back(row);
  for (int rank = 0; rank < world.size(); ++rank) add_memory(header, plan.memory(rank), rank);
  return header;
}

void Session::Parts::run() {
  progress.say(fmt::format("{}: {} parameters on {} ({} ranks), {}", deck.name, plan.count.parameters,
                           maps::name(plan.grid()), world.size(), file("run.h5")));
  first_step_begin = clock.now();
  try {
    for (std::int64_t step = 0; step < deck.train.steps; ++step) train_step(step);
    flush_events();
  } catch (...) {
    keep_rows();
    throw;
  }
  if (run_file) run_file->finish();
}

/// A run that fails leaves the steps that led there.
void Session::Parts::keep_rows() {
  if (!run_file) return;
  try {
    for (const io::StepRow& row : rows) run_file->add(row);
    run_file->flush();
  } catch (const std::exception&) {  // the first error is the one to report
  }
}

void Session::Parts::train_step(std::int64_t step) {
  const data::Batch samples = sampler.batch(step, trainer.first_sample(), trainer.sample_count());
  const std::int64_t done = step + 1;
  const bool evaluates = deck.data.held_out > 0 && due(deck.train.evaluate_every, done);
  const bool keeps = due(deck.output.checkpoint_every, done);
  try {
    trainer.step(step, samples, &observers);
    if (evaluates || keeps) trainer.settle();
  } catch (const Error& error) {
    if (error.code() == ExitCode::numbers && run_file) run_file->add(row_of(trainer.result()));
    throw;
  }
  if (evaluates) {
    rows.back().validation_loss = evaluate();
    progress.say(fmt::format("step {}: validation loss {:.4f}", done, rows.back().validation_loss));
  }
  if (run_file)
    for (const io::StepRow& row : rows) run_file->add(row);
  rows.clear();
  if (keeps) checkpoint(done);
  if (done % steps_between_events == 0) flush_events();
  if (run_file && clock.now() - last_flush > seconds_between_rows) flush_rows();
}

io::StepRow Session::Parts::row_of(const exec::StepResult& result) const {
  const std::int64_t done = result.step + 1;
  return {.step = done,
          .loss = result.loss,
          .rate = train::learning_rate(deck.optimizer, result.step, deck.train.steps),
          .gradient_norm = result.gradient_norm,
          .tokens = done * deck.train.batch * deck.train.sequence,
          .seconds = clock.now() - first_step_begin};
}

double Session::Parts::evaluate() {
  const std::int64_t batches = deck.train.evaluate_batches, total = batches * deck.train.batch;
  double sum = 0;
  for (std::int64_t i = 0; i < batches; ++i)
    sum += trainer.evaluate(data::evaluation_batch(
        dataset, total, i * deck.train.batch + trainer.first_sample(), trainer.sample_count()));
  return sum / static_cast<double>(batches);
}

void Session::Parts::checkpoint(std::int64_t steps_done) {
  std::vector<io::Shard> shards;
  std::vector<lanes::OnHost> held;  // what the shards show
  const auto add = [&](const train::Parameter& p, const std::string& name, const Tensor& tensor) {
    held.push_back(trainer.lane().on_host(tensor));
    shards.push_back(shard(p, name, held.back().tensor));
  };
  for (const train::TrainedParameter& p : trainer.parameters()) {
    add(p, io::parameter_dataset(p.name), p.tensor);
    if (!p.stepped()) continue;  // whoever steps it writes its moments
    add(p, io::first_moment_dataset(p.name), p.first_moment);
    add(p, io::second_moment_dataset(p.name), p.second_moment);
  }
  const std::string path = checkpoint_file(steps_done);
  io::write_checkpoint(world.all(), path, {steps_done, steps_done * deck.train.batch, deck::resolved(deck)},
                       shards);
  progress.say(fmt::format("step {}: checkpoint {}", steps_done, path));
}

void Session::Parts::flush_events() {
  const auto all = io::gather_events(world.all(), events.rows);
  events.rows.clear();
  if (!run_file) return;
  for (std::size_t rank = 0; rank < all.size(); ++rank) run_file->add(static_cast<int>(rank), all[rank]);
  flush_rows();
}

void Session::Parts::flush_rows() {
  run_file->flush();
  last_flush = clock.now();
}

Options options_of(const deck::Deck& deck) {
  return {.optimizer = deck.optimizer,
          .steps = deck.train.steps,
          .seed = static_cast<std::uint64_t>(deck.train.seed),
          .packing =
              deck.train.memory == deck::Memory::separate ? exec::Packing::separate : exec::Packing::arena};
}

Session::Session(const deck::Deck& deck, comm::World& world) : parts_(std::make_unique<Parts>(deck, world)) {}
Session::~Session() = default;
void Session::observe(exec::Observer& observer) { parts_->observers.add(observer); }
const plan::Plan& Session::plan() const { return parts_->plan; }
const Trainer& Session::trainer() const { return parts_->trainer; }
void Session::run() { parts_->run(); }

}  // namespace heddle::session
