#include "heddle/session/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <sstream>
#include <utility>

#include "heddle/base/input_path.hpp"
#include "heddle/comm/carrier.hpp"
#include "heddle/comm/gather.hpp"
#include "heddle/data/sampler.hpp"
#include "heddle/deck/print.hpp"
#include "heddle/deck/read.hpp"
#include "heddle/io/checkpoint.hpp"
#include "heddle/io/run_file.hpp"
#include "heddle/kernels/product_library.hpp"
#include "heddle/lanes/device.hpp"
#include "heddle/plan/from_deck.hpp"
#include "heddle/plan/message_memory.hpp"
#include "heddle/schedule/text.hpp"
#include "heddle/session/checkpoints.hpp"
#include "heddle/session/common_clock.hpp"
#include "heddle/session/memory_places.hpp"
#include "heddle/session/progress.hpp"
#include "heddle/session/recorder.hpp"
#include "heddle/session/trainer.hpp"

namespace heddle::session {
namespace {

const std::string& tokens_of(const deck::Deck& deck) {
  if (deck.data.tokens.empty())
    throw deck::DeckError(
        {fmt::format("{}: data.tokens is missing (a run needs a tokens file); make one with "
                     "`heddle prepare TEXT -o tokens.h5`",
                     deck.source)});
  std::error_code none;
  if (!std::filesystem::exists(deck.data.tokens, none))
    throw deck::DeckError(
        {deck.at("data.tokens") + ": " +
         describe(fmt::format("data.tokens = \"{}\" is not there", deck.data.tokens),
                  where_looked(deck.data.tokens),
                  fmt::format("make it with `heddle prepare TEXT -o {}`", deck.data.tokens))});
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
data::Dataset checked_tokens(const deck::Deck& deck, const plan::Plan& plan,
                             const std::vector<std::string>& places, int rank) {
  data::Dataset dataset(tokens_of(deck), deck.data.held_out, deck.train.sequence);
  check_vocabulary(deck, dataset.file());
  check_memory(plan, deck.source, places, rank);
  return dataset;
}

void add_memory(io::RunHeader& header, const plan::RankMemory& memory, int rank) {
  for (const schedule::Pool& pool : memory.training.pools)
    header.memory.push_back({rank, pool.name, pool.bytes()});
  if (memory.evaluation > 0) header.memory.push_back({rank, "evaluation", memory.evaluation});
  if (memory.rooms > 0) header.memory.push_back({rank, "rooms of kernels", memory.rooms});
}

void add_memory(io::RunHeader& header, const plan::MessageMemory& messages, int rank) {
  const auto add = [&](const char* region, std::int64_t bytes) {
    if (bytes > 0) header.memory.push_back({rank, region, bytes});
  };
  add("messages", bytes_of(messages.landing));
  add("messages, on the host", bytes_of(messages.staged));
}

/// Of every rank, on rank 0.
std::vector<io::MemoryRegion> regions(const std::optional<DeviceUse>& use, const comm::World& world) {
  const std::vector<DeviceUse> mine(use ? 1 : 0, use.value_or(DeviceUse{}));
  const auto all =
      comm::gather_rows<DeviceUse>(world.all(), mine, comm::Receivers::first, "what GPUs' memory holds");
  std::vector<io::MemoryRegion> found;
  for (std::size_t rank = 0; rank < all.size(); ++rank)
    for (const DeviceUse& one : all[rank]) {
      const auto number = static_cast<std::int64_t>(rank);
      found.push_back({number, "at the start", one.at_start});
      found.push_back({number, "once set up", one.set_up});
      found.push_back({number, "all", one.all});
    }
  return found;
}

/// What a person who chose this precision has to know of this machine; empty where there is nothing.
std::string remark(Precision precision) {
  if (const std::string_view why = kernels::lacks_tf32(); precision == Precision::tf32 && !why.empty())
    return fmt::format("train.precision = \"tf32\": products are computed in fp32 ({})", why);
  const std::string_view slow = kernels::slow_products(stream_type(precision));
  return slow.empty() ? ""
                      : fmt::format("train.precision = \"{}\" is slow here: {}", deck::name(precision), slow);
}

}  // namespace

struct Session::Parts {
  Parts(const deck::Deck& the_deck, comm::World& the_world, const Manner& manner);

  void run();
  void train_step(std::int64_t step);
  void save(std::int64_t done);
  void tell_refusal();
  double evaluate();
  std::int64_t evaluation_windows() const {
    return data::evaluation_windows(dataset, deck.train.evaluate_windows);
  }
  io::RunHeader header() const;
  std::string file(const std::string& name) const {
    return (std::filesystem::path(deck.output.directory) / name).string();
  }
  bool evaluates(std::int64_t steps_done) const {
    return deck.data.held_out > 0 && due(steps_done, deck.train.evaluate_every, deck.train.steps);
  }

  const deck::Deck& deck;
  comm::World& world;
  plan::Plan plan;
  std::vector<std::string> places;  ///< of the ranks' memory
  data::Dataset dataset;
  data::Sampler sampler;
  exec::Clock clock;
  std::optional<lanes::DeviceMemory> at_start = lanes::device_memory();
  std::string carrier;  ///< of messages, where it is not the host's library for the host's memory
  Trainer trainer;
  std::optional<DeviceUse> used;                ///< of this rank's GPU
  std::vector<io::MemoryRegion> device_memory;  ///< of all ranks', on rank 0
  Progress progress;
  std::optional<RunFolder> folder;              ///< on rank 0
  const std::string run_id = io::new_run_id();  ///< rank 0's counts
  Recorder recorder;
  Checkpoints checkpoints;
  exec::Observers observers;
  bool told_refusal = false;
};

Session::Parts::Parts(const deck::Deck& the_deck, comm::World& the_world, const Manner& manner)
    : deck(the_deck),
      world(the_world),
      plan(plan::make(deck)),
      places(memory_places(world)),
      dataset(checked_tokens(deck, plan, places, world.rank())),
      sampler(dataset, deck.data.order, deck.data.seed, deck.train.batch),
      clock(common_clock(world.all())),
      carrier(comm::choose_carrier(world, lanes::device_lane(), comm::Wish{deck.comm.device_aware})),
      trainer(options_of(deck), plan, world.all(), clock),
      used(device_use(at_start)),
      device_memory(regions(used, world)),
      progress(world.rank() == 0 ? manner.voice : Progress::Voice::silent, deck.train.steps,
               deck.train.batch * deck.train.sequence, deck.output.log_every),
      recorder(world.all(), clock, deck.train.batch * deck.train.sequence),
      checkpoints(file("checkpoints"), deck.output.checkpoint_every, deck.train.steps, deck::resolved(deck),
                  run_id) {
  observers.add(recorder);
  observers.add(progress);
  if (deck.output.events) observers.add(recorder.events());
  if (world.rank() == 0) folder.emplace(deck.output.directory, manner.earlier);
  io::verify(world.all(), dataset.file());
  if (world.rank() != 0) return;
  progress.keep_log(file("run.log"));
  for (const std::string& remark : deck.remarks) progress.log(remark);
  recorder.open({file("run.h5"), header(), {deck.output.events_mib << 20, deck.train.steps}},
                [this](const std::string& line) { progress.warn(line); });
  if (manner.earlier == EarlierRun::replaced) folder->remove_checkpoints();
}

io::RunHeader Session::Parts::header() const {
  io::RunHeader header{.run = run_id,
                       .vocabulary = dataset.file().header().vocabulary,
                       .parameters = plan.count.parameters,
                       .deck_given = deck.text,
                       .overrides = deck.overrides,
                       .deck_resolved = deck::resolved(deck),
                       .hosts = world.hosts(),
                       .grid = plan.grid(),
                       .flops_per_step = plan.count.flops_per_step,
                       .messages = carrier.empty() ? "by MPI" : carrier,
                       .actions = {},
                       .memory = {},
                       .device_memory = device_memory};
  std::istringstream text(schedule::write(plan.training.schedule));
  for (std::string row; std::getline(text, row);) header.actions.push_back(row);
  std::map<int, plan::MessageMemory> messages;  // ranks of a class differ by a number or two of a bucket
  for (int rank = 0; rank < world.size(); ++rank) {
    const int of_class = plan.classes.class_of(rank);
    if (!messages.contains(of_class))
      messages[of_class] = plan::message_memory(plan, rank, trainer.carriers());
    add_memory(header, plan.memory(rank), rank);
    add_memory(header, messages[of_class], rank);
  }
  return header;
}

void Session::Parts::run() {
  progress.say(fmt::format("{}: {} parameters on {} ({} ranks), into {}{}", deck.name, plan.count.parameters,
                           maps::name(plan.grid()), world.size(), file(""),
                           carrier.empty() ? "" : "; messages between GPUs go " + carrier));
  const std::int64_t planned = plan.memory(world.rank()).bytes(), messages = trainer.message_bytes();
  for (const std::string& said : {lanes::device() ? text(places) : "", text(used, planned, messages)})
    if (!said.empty()) progress.say(said);
  if (const std::string said = remark(deck.train.precision); !said.empty()) progress.say(said);
  for (const std::string& line : trainer.products().remarks) progress.say(line);
  recorder.begin();
  try {
    for (std::int64_t step = 0; step < deck.train.steps; ++step) train_step(step);
    recorder.finish();
  } catch (const std::exception& error) {
    recorder.keep();
    progress.log(error.what());
    throw;
  }
}

/// Of any rank, once.
void Session::Parts::tell_refusal() {
  const std::string why = trainer.replays().refused;
  if (why.empty() || std::exchange(told_refusal, true)) return;
  progress.warn(fmt::format(
      "heddle: rank {} launches its kernels one by one from now on (the GPU would not record them: {}); "
      "numbers stay the same, small models become slower",
      world.rank(), why));
}

void Session::Parts::train_step(std::int64_t step) {
  const data::Batch samples = sampler.batch(step, trainer.first_sample(), trainer.sample_count());
  const std::int64_t done = step + 1;
  try {
    trainer.step(step, samples, &observers);
    if (evaluates(done) || checkpoints.due(done)) trainer.settle();
  } catch (const Error& error) {
    if (error.code() == ExitCode::numbers) recorder.step_ended(trainer.result());  // the run's last row
    throw;
  }
  if (evaluates(done)) {
    const double loss = evaluate();
    recorder.validated(loss);
    progress.say(
        fmt::format("step {}: validation loss {:.4f} of {} windows", done, loss, evaluation_windows()));
  }
  if (checkpoints.due(done)) save(done);
  recorder.hand_on(done);
  tell_refusal();
}

/// A later checkpoint may take the place of one that was not written; nothing takes that of the last.
void Session::Parts::save(std::int64_t done) {
  try {
    const std::string path = checkpoints.write(world.all(), trainer, done);
    progress.say(fmt::format("step {}: checkpoint {}", done, path));
  } catch (const io::WriteFailure& failure) {
    if (done == deck.train.steps) throw;
    if (world.rank() == 0)
      progress.warn(fmt::format("heddle: step {}: no checkpoint: {}; the run goes on to the next", done,
                                failure.what()));
  }
}

double Session::Parts::evaluate() {
  const std::int64_t batch = deck.train.batch, windows = evaluation_windows();
  double sum = 0;  // over windows
  for (std::int64_t done = 0; done < windows; done += batch)
    sum += static_cast<double>(std::min(batch, windows - done)) *
           trainer.evaluate(data::evaluation_batch(dataset, windows, done + trainer.first_sample(),
                                                   trainer.sample_count()));
  return sum / static_cast<double>(windows);
}

Options options_of(const deck::Deck& deck) {
  return {
      .optimizer = deck.optimizer,
      .steps = deck.train.steps,
      .seed = static_cast<std::uint64_t>(deck.train.seed),
      .packing = deck.train.memory == deck::Memory::separate ? exec::Packing::separate : exec::Packing::arena,
      .products = kernels::product_library()};
}

Session::Session(const deck::Deck& deck, comm::World& world, const Manner& manner)
    : parts_(std::make_unique<Parts>(deck, world, manner)) {}
Session::~Session() = default;
void Session::observe(exec::Observer& observer) { parts_->observers.add(observer); }
const plan::Plan& Session::plan() const { return parts_->plan; }
const Trainer& Session::trainer() const { return parts_->trainer; }
void Session::run() { parts_->run(); }

}  // namespace heddle::session
