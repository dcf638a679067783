// The deck's own training step, timed piece by piece and held against what this machine gives.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "block_seconds.hpp"
#include "budget.hpp"
#include "heddle/base/text_output.hpp"
#include "heddle/bench/bench.hpp"
#include "heddle/build_info.hpp"
#include "heddle/comm/collectives.hpp"
#include "heddle/comm/gather.hpp"
#include "heddle/data/sampler.hpp"
#include "heddle/lanes/device.hpp"
#include "heddle/plan/from_deck.hpp"
#include "heddle/session/common_clock.hpp"
#include "heddle/session/memory_places.hpp"
#include "heddle/session/progress.hpp"
#include "heddle/session/run_events.hpp"
#include "heddle/session/session.hpp"
#include "measured_costs.hpp"
#include "overhead.hpp"
#include "rates.hpp"
#include "run_report.hpp"
#include "sampling.hpp"

namespace heddle::bench {
namespace {

/// Steps: pages are touched, libraries have chosen their code, a device has recorded what it replays.
constexpr int warm_up = 3;

/// Steps of three kinds take turns, so that what the machine does meanwhile falls on all of them alike.
enum class Kind { bare, recorded, observed };  ///< nothing, events as in a run, the stopwatch
constexpr std::array kinds = {Kind::bare, Kind::recorded, Kind::observed};

plan::Plan checked_plan(const deck::Deck& deck, const comm::World& world) {
  plan::Plan plan = plan::make(deck);
  session::check_memory(plan, deck.source, session::memory_places(world), world.rank());
  return plan;
}

class Bench {
 public:
  Bench(const deck::Deck& deck, comm::World& world)
      : deck_(deck),
        world_(world),
        plan_(checked_plan(deck, world)),
        clock_(session::common_clock(world.all())),
        at_start_(lanes::device_memory()),
        rates_(at_start_ ? std::optional(rates()) : std::nullopt),
        trainer_(session::options_of(deck), plan_, world.all(), clock_),
        set_up_(lanes::device_memory()),
        watch_(trainer_.engine().program().graph.nodes.size(), trainer_.lane()),
        batch_(data::made_up_batch(deck.model.vocabulary, deck.train.sequence, trainer_.first_sample(),
                                   trainer_.sample_count())),
        progress_(world.rank() == 0 ? session::Progress::Voice::speaks : session::Progress::Voice::silent, 0,
                  0, 1) {}

  void run(const Settings& settings);

 private:
  void train(std::int64_t steps);
  double timed_step(Kind kind);
  Budget measure(Detail detail);
  deck::Cost measure_costs() const;
  deck::PerStage message_bytes() const;
  std::vector<double> block_seconds() const;
  double waits() const;
  Rates rates() const;
  MemoryUse memory_use() const;
  RunReport run_report() const;
  void print_tables(const std::vector<std::string>& tables) const;
  nlohmann::ordered_json summary(const RunReport& run) const;

  const std::vector<double>& seconds(Kind kind) const { return seconds_[static_cast<std::size_t>(kind)]; }

  const deck::Deck& deck_;
  comm::World& world_;
  plan::Plan plan_;
  exec::Clock clock_;
  std::optional<lanes::DeviceMemory> at_start_;
  std::optional<Rates> rates_;  ///< of a device, which the trainer may fill
  session::Trainer trainer_;
  std::optional<lanes::DeviceMemory> set_up_;
  Stopwatch watch_;
  data::Batch batch_;
  session::Progress progress_;
  std::int64_t step_ = 0;
  std::array<std::vector<double>, kinds.size()> seconds_;  ///< of this rank's steps, by kind
  session::RunEvents events_;                              ///< of the last recorded step
  std::vector<io::EventRow> all_events_;                   ///< of every recorded step, these counted from 0
  exec::ReplayCount replays_;                              ///< of this rank's last bare step
  std::vector<double> bare_, recorded_;                    ///< of the slowest rank
  MemoryUse memory_;                                       ///< the largest of any rank
  deck::Cost cost_;                                        ///< on rank 0: what heddle simulate can start from
  double gemm_rate_ = 0;                                   ///< FLOPs a second of all ranks together
  Overhead overhead_;
};

double Bench::timed_step(Kind kind) {
  exec::Observer* const observer = kind == Kind::observed   ? static_cast<exec::Observer*>(&watch_)
                                   : kind == Kind::recorded ? &events_
                                                            : nullptr;
  if (kind == Kind::recorded) events_.rows.clear();
  const exec::ReplayCount before = trainer_.replays();
  comm::barrier(world_.all(), "begin of a timed step");
  const double begin = clock_.now();
  trainer_.step(step_++ % deck_.train.steps, batch_, observer);
  trainer_.settle();
  trainer_.lane().fence("the end of a timed step");
  const double seconds = clock_.now() - begin;
  if (kind == Kind::bare) replays_ = trainer_.replays() - before;
  if (kind == Kind::observed) watch_.finish();
  if (kind == Kind::recorded) {
    const auto nth = static_cast<std::int64_t>(this->seconds(kind).size());
    for (const io::EventRow& row : events_.rows) all_events_.push_back({nth, row.event});
  }
  return seconds;
}

void Bench::train(std::int64_t steps) {
  for (int i = 0; i < warm_up; ++i) timed_step(Kind::bare);
  for (std::int64_t i = 0; i < steps; ++i)
    for (Kind kind : kinds) seconds_[static_cast<std::size_t>(kind)].push_back(timed_step(kind));
}

/// What this rank may have waited for in its last observed step: every map is counted.
double Bench::waits() const {
  const auto& nodes = trainer_.engine().program().graph.nodes;
  const Stopwatch::Step& last = watch_.steps().back();
  double calls = watch_.calls(exec::Work::wait) + watch_.calls(exec::Work::agree);
  for (std::size_t node = 0; node < nodes.size(); ++node)
    if (nodes[node].op == graph::Op::map) calls += last[node].calls;
  return calls;
}

MemoryUse Bench::memory_use() const {
  MemoryUse use{plan_.memory(world_.rank()).bytes(), trainer_.allocated(), session::peak_resident_bytes()};
  if (const auto now = lanes::device_memory())
    use.device = {at_start_->taken, set_up_->taken, now->taken, now->total};
  return use;
}

Rates Bench::rates() const {
  return measure_rates(deck_.train.precision, world_.all(), lanes::device_lane());
}

Budget Bench::measure(Detail detail) {
  const MemoryUse memory = memory_use();  // before a host's rates take memory of their own
  Budget mine = budget(trainer_, rates_ ? *rates_ : rates(), watch_, seconds(Kind::observed), detail);
  mine.memory = memory;
  return mine;
}

/// On rank 0, of a forward message over each border between stages of different ranks; 0 between stages
/// of one rank.
deck::PerStage Bench::message_bytes() const {
  const passes::Program& program = trainer_.engine().program();
  std::vector<double> mine;  // stage, bytes, stage, bytes
  for (const passes::Border& border : program.borders) {
    double bytes = 0;
    for (const graph::ValueId id : border.sent)
      bytes += static_cast<double>(trainer_.engine().arena().tensor(id, program.graph[id].dtype).bytes());
    mine.insert(mine.end(), {static_cast<double>(border.stage), bytes});
  }
  const auto borders = static_cast<std::size_t>(plan_.training.schedule.stages() - 1);
  deck::PerStage bytes{std::vector<double>(borders, 0)};
  for (const auto& rank : comm::gather_rows<double>(world_.all(), mine, comm::Receivers::first, "messages"))
    for (std::size_t i = 0; i < rank.size(); i += 2)
      if (const auto stage = static_cast<std::size_t>(rank[i]); stage < borders)
        bytes.values[stage] = rank[i + 1];
  return bytes;
}

/// On rank 0, of a microbatch in every block of the model: the mean over the ranks that hold it.
std::vector<double> Bench::block_seconds() const {
  const std::vector<double> mine =
      bench::block_seconds(trainer_.engine().program(), watch_, deck_.pipeline.microbatches);
  std::vector<double> sums(mine.size(), 0.0);
  std::vector<int> holders(mine.size(), 0);
  for (const auto& rank : comm::gather_rows<double>(world_.all(), mine, comm::Receivers::first, "blocks"))
    for (std::size_t block = 0; block < rank.size(); ++block) {
      sums[block] += rank[block];
      holders[block] += rank[block] > 0;
    }
  for (std::size_t block = 0; block < sums.size(); ++block) sums[block] /= std::max(holders[block], 1);
  return sums;
}

/// On rank 0.
deck::Cost Bench::measure_costs() const {
  std::vector<PipelineRank> pipeline_rank;
  for (int rank = 0; rank < world_.size(); ++rank) pipeline_rank.push_back(plan_.pipeline_rank(rank));
  const deck::PerStage bytes = message_bytes();
  const std::vector<double> blocks = block_seconds();
  const auto events = io::gather_events(world_.all(), all_events_);
  if (world_.rank() != 0) return {};
  deck::Cost cost = measured_costs(events, pipeline_rank, plan_.training.schedule, recorded_);
  cost[deck::Figure::message_bytes] = bytes;
  cost.blocks = blocks;
  return cost;
}

void Bench::run(const Settings& settings) {
  std::optional<TextOutput> file;
  if (world_.rank() == 0 && !settings.json.empty())
    file.emplace(settings.json, Replacing{marks::bench, settings.overwrite});
  progress_.say(fmt::format("{}: {} parameters on {} ({} ranks), {} steps, then rates", deck_.name,
                            plan_.count.parameters, maps::name(plan_.grid()), world_.size(),
                            warm_up + settings.steps * static_cast<std::int64_t>(kinds.size())));
  for (const std::string& line : trainer_.products().remarks) progress_.say(line);
  train(settings.steps);
  bare_ = largest(world_.all(), seconds(Kind::bare));
  recorded_ = largest(world_.all(), seconds(Kind::recorded));
  cost_ = measure_costs();
  const Budget mine = measure(settings.by_tensor ? Detail::by_tensor : Detail::by_op);
  overhead_ = measure_overhead(plan_, world_, events_.rows, waits());

  gemm_rate_ = comm::all_sum(world_.all(), mine.rates.flops, "rates");
  const auto tables = comm::gather(world_.all(), table(mine), comm::Receivers::first, "budgets");
  const auto objects = comm::gather(world_.all(), object(mine).dump(), comm::Receivers::first, "budgets");
  for (const auto& rank :
       comm::gather_rows<MemoryUse>(world_.all(), {&mine.memory, 1}, comm::Receivers::first, "memory"))
    memory_ = larger(memory_, rank.front());
  if (world_.rank() != 0) return;
  const RunReport run = run_report();
  print_tables(tables);
  fmt::print("{}", text(run));
  if (!file) return;
  nlohmann::ordered_json all = summary(run);
  for (const std::string& one : objects) all["ranks"].push_back(nlohmann::ordered_json::parse(one));
  file->write(all.dump(1) + '\n');
}

/// One table for each pipeline rank: that of its first rank.
void Bench::print_tables(const std::vector<std::string>& tables) const {
  for (const PipelineRank pipeline_rank : plan_.training.programs.ids()) {
    const Rank rank = plan::first_rank(plan_.grid(), pipeline_rank);
    fmt::print("\n# pipeline rank {}, rank {}\n{}", pipeline_rank, rank,
               tables[static_cast<std::size_t>(int{rank})]);
  }
}

/// On rank 0.
RunReport Bench::run_report() const {
  std::vector<double> dearer;
  for (std::size_t i = 0; i < bare_.size(); ++i) dearer.push_back(100 * (recorded_[i] / bare_[i] - 1));
  return {.ranks = world_.size(),
          .steps = recorded_,
          .tokens = deck_.train.batch * deck_.train.sequence,
          .flops = plan_.count.flops_per_step,
          .formula = plan_.count.formula,
          .product_rate = gemm_rate_,
          .precision = std::string(deck::name(deck_.train.precision)),
          .memory = memory_,
          .replays = replays_,
          .overhead = overhead_,
          .dearer = dearer};
}

nlohmann::ordered_json Bench::summary(const RunReport& run) const {
  nlohmann::ordered_json all = {
      {"format", marks::bench},
      {"version", 2},
      {"program", fmt::format("heddle {} ({})", build_info::version, build_info::git_state)},
      {"deck", deck_.name},
      {"grid", maps::name(plan_.grid())},
      {"world", run.ranks},
      {"precision", deck::name(deck_.train.precision)},
      {"params", plan_.count.parameters},
      {"tokens_per_step", run.tokens},
      {"steps", run.steps.size()},
      {"step_s", run.step()},
      {"step_without_events_s", median(bare_)},
      {"step_observed_s", median(seconds(Kind::observed))},
      {"tokens_per_s", static_cast<double>(run.tokens) / run.step()},
      {"model_flops_per_step", run.flops},
      {"model_flops_per_s", run.flops_rate()},
      {"gemm_flops_per_s", run.product_rate},
      {"ratio_to_gemm", run.flops_rate() / run.product_rate}};
  all.update(object(run.replays));
  all.update(object(run.memory));
  all["cost"] = object(cost_);
  all["overhead_s"] = object(run.overhead);
  all["overhead_share"] = run.overhead.sum() / run.step();
  return all;
}

}  // namespace

void run(const deck::Deck& deck, comm::World& world, const Settings& settings) {
  Bench(deck, world).run(settings);
}

}  // namespace heddle::bench
