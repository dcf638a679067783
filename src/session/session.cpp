#include "heddle/session/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <utility>

#include "checked_tokens.hpp"
#include "heddle/comm/carrier.hpp"
#include "heddle/comm/gather.hpp"
#include "heddle/deck/print.hpp"
#include "heddle/io/checkpoint.hpp"
#include "heddle/io/run_file.hpp"
#include "heddle/io/stored_run.hpp"
#include "heddle/lanes/device.hpp"
#include "heddle/plan/from_deck.hpp"
#include "heddle/session/common_clock.hpp"
#include "heddle/session/evaluation.hpp"
#include "heddle/session/memory_places.hpp"
#include "heddle/session/products.hpp"
#include "heddle/session/progress.hpp"
#include "heddle/session/recorder.hpp"
#include "heddle/session/refusals.hpp"
#include "heddle/session/restart.hpp"
#include "heddle/session/saves.hpp"
#include "heddle/session/stop.hpp"
#include "heddle/session/trainer.hpp"
#include "run_header.hpp"
#include "set_up_clock.hpp"

namespace heddle::session {

struct Session::Parts {
  Parts(const deck::Deck& the_deck, comm::World& the_world, const Manner& manner);

  std::optional<Samples> run();
  std::int64_t train_step(std::int64_t step);
  void after_step(std::int64_t done, bool stops);
  void make_up_for_evaluation(std::int64_t done);
  bool counts(const train::Refused& refused);
  void stop_after(std::int64_t done, bool owes);
  void tell_refusal();
  void open_files(EarlierRun older);
  io::RunFile open_run_file();
  Options options() const;
  /// The part of a step's samples that this data rank learns.
  data::Batch mine_of(const Samples& of) const {
    return samples.batch(of, trainer.first_sample(), trainer.sample_count());
  }
  std::string file(const std::string& name) const {
    return (std::filesystem::path(deck.output.directory) / name).string();
  }
  /// The run's last step is to be evaluated and is not: it was stopped before.
  bool owes_evaluation() const {
    return restart.restored && restart.in_place() && !restart.restored->header.validation_loss &&
           evaluations.due(restart.steps_before());
  }

  const deck::Deck& deck;
  comm::World& world;
  SetUpClock set_up;
  plan::Plan plan;
  std::vector<std::string> places;  ///< of the ranks' memory
  data::Dataset dataset;
  SampleQueue samples;
  std::optional<RunFolder> folder;  ///< on rank 0
  Restart restart;
  Stop stop;
  exec::Clock clock;
  std::optional<lanes::DeviceMemory> at_start = lanes::device_memory();
  std::string carrier;  ///< of messages, where it is not the host's library for the host's memory
  Trainer trainer;
  std::optional<DeviceUse> used;                ///< of this rank's GPU
  std::vector<io::MemoryRegion> device_memory;  ///< of all ranks', on rank 0
  Progress progress;
  const std::string run_id;  ///< rank 0's counts
  Recorder recorder;
  Evaluations evaluations;
  Saves saves;
  exec::Observers observers, guests;
  Refusals refusals;
  std::optional<Samples> rollback;
  bool told_refusal = false;
};

Session::Parts::Parts(const deck::Deck& the_deck, comm::World& the_world, const Manner& manner)
    : deck(the_deck),
      world(the_world),
      set_up(manner.begin),
      plan(set_up.of(&io::SetUp::plan, [&] { return plan::make(deck); })),
      places(memory_places(world)),
      dataset(
          set_up.of(&io::SetUp::tokens, [&] { return checked_tokens(deck, plan, places, world.rank()); })),
      samples(dataset, deck.data, deck.train.batch, manner.pass_over),
      restart{
          set_up.of(&io::SetUp::checkpoint,
                    [&] { return take_over(world.all(), deck.output.directory, manner.restart, folder); }),
          {}},
      stop(limits_of(deck.train, world), manner.signals, manner.begin),
      clock(common_clock(world.all())),
      carrier(comm::choose_carrier(world, lanes::device_lane(), comm::Wish{deck.comm.device_aware})),
      trainer(set_up.of(&io::SetUp::memory, [&] { return Trainer(options(), plan, world.all(), clock); })),
      used(device_use(at_start)),
      device_memory(regions(used, world)),
      progress(world.rank() == 0 ? manner.voice : Progress::Voice::silent, deck.train.steps,
               deck.train.batch * deck.train.sequence, deck.output.log_every),
      run_id(restart.in_place() && !restart.earlier->run.empty() ? restart.earlier->run : io::new_run_id()),
      recorder(world.all(), clock, deck.train.batch * deck.train.sequence),
      evaluations({deck, world, dataset, stop, trainer, progress, recorder}),
      saves({world, progress, deck.output.asynchronous},
            {world.all(),
             trainer,
             file("checkpoints"),
             deck.output,
             deck.train.steps,
             {.deck = deck::resolved(deck), .run = run_id, .tokens = dataset.file().contents()}}),
      refusals({deck.train, world, clock, trainer, recorder, progress, std::ssize(manner.pass_over)}) {
  HEDDLE_EXPECT(!manner.restart || manner.earlier != EarlierRun::replaced);
  observers.add(recorder);
  observers.add(progress);
  if (deck.output.events) observers.add(recorder.events());
  if (world.rank() == 0 && !folder) folder.emplace(deck.output.directory, manner.earlier);
  set_up.of(&io::SetUp::tokens, [&] { io::verify(world.all(), dataset.file()); });
  if (restart.earlier)
    restart.restored = set_up.of(&io::SetUp::checkpoint, [&] {
      return restore(world.all(), *restart.earlier, deck, dataset.file().contents(), trainer);
    });
  if (restart.restored) samples.go_on({restart.restored->header.samples, restart.restored->header.learnt});
  const bool is_over = restart.is_over(deck.train.steps);
  if (!is_over) set_up.of(&io::SetUp::memory, [&] { saves.provide_copy(); });
  set_up.end();
  if (world.rank() == 0 && !is_over) open_files(manner.earlier);
}

Options Session::Parts::options() const {
  Options options = options_of(deck);
  if (restart.earlier) options.earlier_products = restart.earlier->products;
  options.votes = [this] { return train::Votes{stop.wanted(), saves.writes()}; };
  return options;
}

/// On rank 0.
void Session::Parts::open_files(EarlierRun older) {
  progress.keep_log(file("run.log"), restart.in_place() ? Older::stay : Older::go);
  for (const std::string& remark : deck.remarks) progress.log(remark);
  recorder.open(open_run_file(), [this](const std::string& line) { progress.warn(line); });
  if (restart.in_place()) folder->set_aside_checkpoints_after(restart.steps_before());
  if (older == EarlierRun::replaced) folder->remove_checkpoints();
}

io::RunFile Session::Parts::open_run_file() {
  io::RunHeader header = run_header(deck, trainer, world.hosts());
  header.run = run_id;
  header.vocabulary = dataset.file().header().vocabulary;
  header.messages = carrier.empty() ? "by MPI" : carrier;
  header.device_memory = device_memory;
  header.steps_before = restart.steps_before();
  header.set_up = set_up.took();
  if (restart.restored) {
    header.from = std::filesystem::absolute(restart.restored->path).lexically_normal().string();
    header.from_run = restart.restored->header.run;
  }
  const io::EventBound bound{deck.output.events_mib << 20, deck.train.steps};
  const std::string path = file("run.h5");
  if (restart.in_place() && restart.earlier->run_file == Earlier::RunFile::whole)
    return io::RunFile::go_on(path, header, bound);
  if (restart.in_place() && restart.earlier->run_file == Earlier::RunFile::damaged)
    progress.warn(
        fmt::format("heddle: {} is damaged, it is now {}; another begins", path, io::set_aside(path)));
  return {path, header, bound};
}

std::optional<Samples> Session::Parts::run() {
  progress.say(fmt::format("{}: {} parameters on {} ({} ranks), into {}{}", deck.name, plan.count.parameters,
                           maps::name(plan.grid()), world.size(), file(""),
                           carrier.empty() ? "" : "; messages between GPUs go " + carrier));
  const std::int64_t planned = plan.memory(world.rank()).bytes(), messages = trainer.message_bytes();
  for (const std::string& said : {lanes::device() ? text(places) : "", text(used, planned, messages)})
    if (!said.empty()) progress.say(said);
  if (const std::string said = remark(deck.train.precision); !said.empty()) progress.say(said);
  for (const std::string& line : trainer.products().remarks) progress.say(line);
  progress.say(text(set_up.took()));
  if (world.rank() == 0) restart.say(progress, deck.train.steps);
  if (restart.is_over(deck.train.steps)) return {};
  stop.begin();
  recorder.begin(samples.count().learnt * deck.train.sequence);
  try {
    std::int64_t done = restart.steps_before();
    if (owes_evaluation()) make_up_for_evaluation(done);
    while (done < deck.train.steps && !rollback) done = train_step(done);
    saves.finish();
    if (rollback)
      recorder.write_all();
    else
      recorder.finish();
  } catch (const std::exception& error) {
    recorder.keep();
    progress.log(error.what());
    if (Refusals::ends_all(error)) saves.finish();
    throw;
  }
  return rollback;
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

/// Or passes over its samples. Returns how many steps are done then.
std::int64_t Session::Parts::train_step(std::int64_t step) {
  const data::Batch batch = mine_of(samples.take(step));
  std::int64_t done = step + 1;
  bool stops = false;
  try {
    trainer.step(step, batch, &observers);
    stops = trainer.result().stop;
    if (evaluations.due(done) || saves.due(done) || recorder.gathers(done) || stops) trainer.settle();
    stops = stops || trainer.result().stop;
  } catch (const train::Refused& refused) {
    if (!counts(refused)) return trainer.result().step;
    done = trainer.result().step + 1;
  }
  after_step(done, stops);
  return done;
}

/// Else the next step is the same, with other samples. Of a step that is settled late another may have been begun.
bool Session::Parts::counts(const train::Refused& refused) {
  const std::int64_t step = trainer.result().step;
  const Samples& learnt = samples.of(step);
  const auto outcome = refusals.meet(refused, learnt, mine_of(learnt), guests);
  if (outcome == Refusals::Outcome::rolled_back) rollback = learnt;
  if (outcome == Refusals::Outcome::counts)
    samples.return_after(step);
  else
    samples.pass_over(step);
  return outcome == Refusals::Outcome::counts;
}

void Session::Parts::after_step(std::int64_t done, bool stops) {
  const bool evaluates = evaluations.due(done);
  const std::optional<double> loss = evaluates && !stops ? evaluations.make(done) : std::nullopt;
  const bool owes = evaluates && !loss, last = stops || owes || done == deck.train.steps;
  if (last || saves.due(done)) {
    recorder.write_steps();  // before it: whoever goes on from it misses none of them
    saves.save(done, last ? Saving::last : Saving::beside, samples.count(), loss);
  }
  saves.look(trainer.result());
  recorder.hand_on(done);
  tell_refusal();
  if (owes || (stops && done < deck.train.steps)) stop_after(done, owes);
}

/// Its checkpoint is there, and is written once more so that output.keep_best knows its loss; the run can do without that.
void Session::Parts::make_up_for_evaluation(std::int64_t done) {
  const std::optional<double> loss = evaluations.make_up_for(done);
  if (!loss) stop_after(done, true);
  if (saves.due(done)) saves.save(done, Saving::at_once, samples.count(), loss);
}

/// Throws Error(stopped).
void Session::Parts::stop_after(std::int64_t done, bool owes) {
  recorder.write_all();
  const std::vector<std::string> reasons =
      comm::gather(world.all(), stop.reason(), comm::Receivers::all, "why the run stops");
  throw Error(ExitCode::stopped,
              fmt::format("stopped after step {} of {}{}", done, deck.train.steps,
                          owes ? ", which is yet to be evaluated" : ""),
              *std::ranges::find_if_not(reasons, &std::string::empty),
              fmt::format("go on with --restart: {} is written", saves.path(done)));
}

Session::Session(const deck::Deck& deck, comm::World& world, const Manner& manner)
    : parts_(std::make_unique<Parts>(deck, world, manner)) {}
Session::~Session() = default;
void Session::observe(exec::Observer& observer) {
  parts_->observers.add(observer);
  parts_->guests.add(observer);
}
const plan::Plan& Session::plan() const { return parts_->plan; }
const Trainer& Session::trainer() const { return parts_->trainer; }
std::optional<Samples> Session::run() { return parts_->run(); }

}  // namespace heddle::session
