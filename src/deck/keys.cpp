// Every key of a deck: name, member, bounds, unit, meaning. The default is the member's own.
#include "keys.hpp"

namespace heddle::deck {
namespace {

constexpr Need required = Need::required;

KeyOf<Cost> figure(Figure figure, const char* meaning) {
  const bool in_bytes = figure == Figure::message_bytes;
  return key_of<Cost>(
      name(figure), [figure](auto& cost) -> auto& { return cost[figure]; }, from_to(0, in_bytes ? 1e18 : 1e9),
      in_bytes ? "bytes" : "seconds", meaning);
}

// clang-format off
std::vector<Section> table() {
  return {
    section("model", &Deck::model, "The transformer.", {
      key("family",       &Model::family,       any,              "",       "the published model whose mathematics is trained"),
      key("layers",       &Model::layers,       from_to(1, 4096), "",       "transformer blocks", required),
      key("heads",        &Model::heads,        at_least(1),      "",       "attention heads of a block", required),
      key("width",        &Model::width,        at_least(1),      "",       "numbers that describe a token between blocks", required),
      key("context",      &Model::context,      at_least(1),      "tokens", "longest sequence the model can see", required),
      key("vocabulary",   &Model::vocabulary,   at_least(1),      "tokens", "different tokens", required),
      key("dropout",      &Model::dropout,      from_below(0, 1), "",       "probability that a number is dropped in training"),
      key("init_std",     &Model::init_std,     more_than(0),     "",       "standard deviation of the first weights"),
      key("norm_epsilon", &Model::norm_epsilon, more_than(0),     "",       "added to the variance in layer norms"),
    }),
    section("data", &Deck::data, "What it learns from.", {
      key("tokens",   &Data::tokens,   any,              "file", "tokens that `heddle prepare` wrote; needed to run, not to check"),
      key("held_out", &Data::held_out, from_below(0, 1), "",     "last part of the tokens, kept for evaluation"),
      key("order",    &Data::order,    any,              "",     "how samples are drawn"),
      key("seed",     &Data::seed,     at_least(0),      "",     "of the order of samples"),
    }),
    section("grid", &Deck::grid, "The ranks and what they share: data * pipeline * tensor is the number of ranks.", {
      key("data",              &Grid::data,              at_least(1), "ranks", "replicas of the model, each with its part of the batch"),
      key("pipeline",          &Grid::pipeline,          at_least(1), "ranks", "stages the layers are cut into"),
      key("tensor",            &Grid::tensor,            at_least(1), "ranks", "parts every layer is split into"),
      key("order",             &Grid::order,             any,         "",      "axes from slowest to fastest; the fastest joins neighbouring ranks"),
      key("sequence_parallel", &Grid::sequence_parallel, any,         "",      "split the tokens between tensor-parallel regions: less memory, the same traffic"),
    }),
    section("pipeline", &Deck::pipeline, "How microbatches pass the stages.", {
      key("schedule",     &Pipeline::schedule,     one_of(schedules, schedule_file), "", "order of forward and backward passes; file: and a path: as its rows say"),
      key("microbatches", &Pipeline::microbatches, from_to(1, 65536), "",       "parts of a data rank's batch that pass one after another"),
      key("ranks",        &Pipeline::ranks,        from_to(0, 65536), "ranks",  "grid.pipeline, for decks without a grid; 0: grid.pipeline"),
      key("chunks",       &Pipeline::chunks,       from_to(0, 4096),  "stages", "that a rank holds; a file of rows says it itself: leave it out there, or 0"),
      key("window",       &Pipeline::window,       from_to(1, 256), "actions", "dynamic: a rank does the first that is ready of so many; 1: in order"),
      key("memory_limit", &Pipeline::memory_limit, at_least(0),       "microbatches", "activations of all its stages that a rank may hold; 0: no limit"),
      key("cuts",         &Pipeline::cuts,         at_least(1),       "layers", "first layer of each stage but the first; empty: as pipeline.balance says"),
      key("balance",      &Pipeline::balance,      any,               "",       "what the heaviest stage has the least of: work: FLOPs and 16 for each byte moved; flops; parameters; time: seconds, cost.blocks; memory: planned bytes"),
      key("lookahead",    &Pipeline::lookahead,    at_least(1),       "",       "receives posted ahead of their use, at least; more where a schedule needs it"),
      key("tied",         &Pipeline::tied,         any,               "",       "a parameter that several ranks of the pipeline use, as a tied head is: replicate: each steps its own copy; transmit: the first has the moments, steps it and hands it on"),
    }),
    section("train", &Deck::train, "How long, how much at a time, how precisely.", {
      key("steps",            &Train::steps,            at_least(1),         "steps",   "optimizer steps", required),
      key("batch",            &Train::batch,            at_least(1),         "samples", "samples a step, over the whole grid", required),
      key("sequence",         &Train::sequence,         at_least(0),         "tokens",  "length of a sample; 0: model.context"),
      key("precision",        &Train::precision,        any,                 "",        "what is computed in; tf32: fp32, with products in TF32 where a device has them; bf16: numbers stream as bf16, parameters, moments, gradients and all sums are fp32"),
      key("memory",           &Train::memory,           any,                 "",        "arena: buffers share one block as planned; separate: each has its own, filled with NaN before use, to debug the plan"),
      key("loss_rows",        &Train::loss_rows,        at_least(1),         "tokens",  "of a rank's microbatch whose logits are in memory at once: fewer take less memory, very few cost time"),
      key("recompute",        &Train::recompute,        any,                 "",        "what backward recomputes rather than keep: none: GELU and layer norm, which cost nothing; selective: attention too; full: all of a layer but its input; auto: full for as few layers as fit train.memory_limit_mib"),
      key("memory_limit_mib", &Train::memory_limit_mib, at_least(0),         "MiB",     "of a rank, for train.recompute = \"auto\""),
      key("seed",             &Train::seed,             at_least(0),         "",        "of the first weights and of dropout"),
      key("evaluate_every",   &Train::evaluate_every,   at_least(0),         "steps",   "between evaluations on the held-out part; 0: only at the end"),
      key("evaluate_windows", &Train::evaluate_windows, at_least(1),         "windows", "of an evaluation, spread evenly over the held-out part, none twice: all of them where there are fewer"),
      key("on_nan",           &Train::on_nan,           any,                 "",        "what a step comes to whose loss or gradient is not finite, or whose loss is a spike: stop: the run's end, with exit code 3; skip: its samples are passed over, and the step is made with those that follow; rollback: the run goes on from its last checkpoint and passes them over on its way. The first number that is not finite is looked for and named in any case"),
      key("nan_limit",        &Train::nan_limit,        at_least(1),         "steps",   "that train.on_nan passes over at most, or that count only when they are made once more, while one program runs; one more is the run's end"),
      key("spike",            &Train::spike,            at_least(0),         "",        "a loss above so many times the mean of the last hundred is treated as one that is not finite; 0: none is"),
      key("max_seconds",      &Train::max_seconds,      from_to(0, 1e9),     "seconds", "after which a run stops with a checkpoint and exit code 5, to go on by --restart; 0: no limit"),
      key("reserve_seconds",  &Train::reserve_seconds,  from_to(0, 1e6),     "seconds", "before the end of a job of Slurm at which it does so too: for a step and a checkpoint"),
    }),
    section("optimizer", &Deck::optimizer, "How parameters follow their gradients.", {
      key("kind",         &Optimizer::kind,         any,              "",      "AdamW, Loshchilov & Hutter 2019"),
      key("rate",         &Optimizer::rate,         more_than(0),     "",      "learning rate after warm-up"),
      key("final_rate",   &Optimizer::final_rate,   at_least(0),      "",      "learning rate at the end"),
      key("schedule",     &Optimizer::schedule,     any,              "",      "the rate after warm-up: a cosine, warm-up-stable-decay, or constant"),
      key("warmup",       &Optimizer::warmup,       at_least(0),      "steps", "linear rise of the rate from zero"),
      key("decay",        &Optimizer::decay,        at_least(0),      "steps", "wsd: length of the final decay; cosine: step that reaches final_rate, 0: the last"),
      key("beta1",        &Optimizer::beta1,        from_below(0, 1), "",      "memory of the gradient's mean"),
      key("beta2",        &Optimizer::beta2,        from_below(0, 1), "",      "memory of the gradient's square"),
      key("epsilon",      &Optimizer::epsilon,      more_than(0),     "",      "added to the root of the square"),
      key("weight_decay", &Optimizer::weight_decay, at_least(0),      "",      "decoupled decay of matrices; biases and norms have none"),
      key("clip",         &Optimizer::clip,         at_least(0),      "",      "largest norm of the whole gradient; 0: no limit"),
      key("moments",      &Optimizer::moments,      any,              "",      "the type that AdamW's two averages are kept in; wide: fp32, in fp64 that; bf16: half of fp32's memory, rounded up or down at random so that small steps count"),
      key("masters",      &Optimizer::masters,      any,              "",      "what is kept of weights beside the bf16 that products read, under train.precision = \"bf16\"; wide: all of the weight, in fp32; remainder: what bf16 leaves of it, the same bits in 2 bytes a weight less; none: nothing, and bf16 is rounded up or down at random so that small steps count"),
      key("validate",     &Optimizer::validate,     any,              "",      "when all ranks' loss and norm are looked at: before a stage steps, or after, while nobody waits, and a step that must not count is taken back; the same numbers, memory for three more of all parameters"),
    }),
    section("comm", &Deck::comm, "Messages between ranks.", {
      key("timeout",      &Comm::timeout,      more_than(0),      "seconds", "how long no rank may finish anything before the run ends with a table of who waits for whom; time in which a process was stopped does not count"),
      key("bucket_mib",   &Comm::bucket_mib,   from_to(1, 65536), "MiB",     "gradients that are reduced in one message"),
      key("gradients",    &Comm::gradients,    any,               "",        "the type in which ranks that share a parameter send each other its gradient; wide: that of the gradient; bf16: half of fp32's bytes, what a rank has and what all sum to is rounded once each; what pipeline.tied sums stays wide"),
      key("device_aware", &Comm::device_aware, any,               "",        "hand MPI the memory of GPUs instead of what carries their messages otherwise: NCCL, CUDA IPC or copies on the host; for an MPI that is CUDA-aware, which is refused where it is not"),
    }),
    section("output", &Deck::output, "What is left behind.", {
      key("directory",        &Output::directory,        any,         "folder", "of run.h5 and the checkpoints; empty: runs/ and the name of the deck"),
      key("checkpoint_every", &Output::checkpoint_every, at_least(0), "steps",  "between checkpoints; 0: only at the end"),
      key("asynchronous",     &Output::asynchronous,     any,         "",       "checkpoints before the last are written while training goes on, from a copy of what this rank writes of parameters and moments, for which `heddle check` counts memory; false: training waits for each, and on a host nothing is copied"),
      key("keep",             &Output::keep,             at_least(0), "checkpoints", "the newest that stay, once a newer one is written whole; 0: all"),
      key("keep_best",        &Output::keep_best,        at_least(0), "checkpoints", "that stay beside the newest: of steps that were evaluated, those of the least validation loss"),
      key("log_every",        &Output::log_every,        at_least(1), "steps",  "between lines of progress"),
      key("events",           &Output::events,           any,         "",       "write every action's times to run.h5"),
      key("events_mib",       &Output::events_mib,       from_to(1, 1 << 20), "MiB", "that those times may take: the first half for every step, the rest for every 2nd, 4th, ... of those to come; what actions took in all is told of every step"),
    }),
    section("cost", &Deck::cost, "What a schedule's actions take in `heddle simulate`: one number, or one for each stage. Printed where it is given.", {
      key("from",             &Cost::from,             any,         "file",    "what `heddle bench --json` wrote; its figures stand where the deck gives none"),
      key("machine",          &Cost::machine,          any,         "file",    "one with a [machine], as `heddle bench --machine` writes it; it gives what neither the deck nor a measurement does, from the model's FLOPs and bytes"),
      figure(Figure::forward,          "a microbatch's forward on a stage; of the last with the loss; []: 1"),
      figure(Figure::backward_input,   "its gradient of the stage's input; []: half of backward where that is given, else as forward"),
      figure(Figure::backward_weight,  "its gradient of the weights; []: the same"),
      figure(Figure::backward,         "both gradients at once; []: the sum of the two"),
      figure(Figure::recompute,        "what a microbatch's backward computes anew, on top of it; []: 0"),
      figure(Figure::reduce_gradients, "once a step, what is left to do of the gradients' sum over ranks after the last backward; []: 0"),
      figure(Figure::step,             "once a step, the optimizer's; []: 0"),
      figure(Figure::send,             "a message from stage to stage is under way, its length apart; one number, or one for each border between stages; []: 0"),
      figure(Figure::message_bytes,    "of a message; one number, or one for each border between stages; []: 0"),
      key("blocks",           &Cost::blocks,           from_to(0, 1e9), "seconds", "a microbatch's forward and backward in every block of the model - embedding, layers, head - for pipeline.balance = \"time\""),
      key("bandwidth",        &Cost::bandwidth,        at_least(0), "bytes/s", "of the link between two ranks, each way; 0: without end"),
      key("contention",       &Cost::contention,       any,         "",        "messages from one rank to another pass one after another"),
      key("weight_memory",    &Cost::weight_memory,    from_to(0, 1), "",      "part of a microbatch's activations that is kept from its input's gradient to that of the weights"),
      key("load",             &Cost::load,             from_to(0, 1e9), "seconds", "once a step, what lies outside of all actions: the batch is loaded, the next step begun"),
    }, Shown::where_given),
    section("machine", &Deck::machine, "A machine that the simulator is to believe in, in a file of its own or in the deck. Printed where it is given.", {
      key("fp64",           &Machine::fp64,           at_least(0), "FLOP/s",  "of a rank in large matrix products in fp64; 0: unknown"),
      key("fp32",           &Machine::fp32,           at_least(0), "FLOP/s",  "the same in fp32"),
      key("tf32",           &Machine::tf32,           at_least(0), "FLOP/s",  "of fp32 products in TF32, for train.precision = \"tf32\"; 0: as fp32"),
      key("bf16",           &Machine::bf16,           at_least(0), "FLOP/s",  "of products in bf16, for train.precision = \"bf16\""),
      key("memory",         &Machine::memory,         at_least(0), "bytes/s", "that a rank reads and writes; 0: unknown"),
      key("kernel",         &Machine::kernel,         from_to(0, 1e9), "seconds", "that every op takes at the least"),
      key("ranks_per_node", &Machine::ranks_per_node, at_least(1), "ranks",   "neighbours in rank that share a node"),
      key("latency",        &Machine::latency,        from_to(0, 1e9), "seconds", "of a message within a node"),
      key("bandwidth",      &Machine::bandwidth,      at_least(0), "bytes/s", "of a rank within a node, each way; 0: without end"),
      key("node_latency",   &Machine::node_latency,   from_to(0, 1e9), "seconds", "of a message between nodes"),
      key("node_bandwidth", &Machine::node_bandwidth, at_least(0), "bytes/s", "of a rank between nodes, each way; 0: without end"),
      key("contention",     &Machine::contention,     any,         "",        "messages from one rank to another pass one after another"),
    }, Shown::where_given),
  };
}
// clang-format on

}  // namespace

const std::vector<Section>& sections() {
  static const std::vector<Section> all = table();
  return all;
}

const Section* find_section(std::string_view name) {
  for (const auto& section : sections())
    if (section.name == name) return &section;
  return nullptr;
}

const Key* find_key(std::string_view full_name) {
  for (const auto& section : sections())
    for (const auto& key : section.keys)
      if (key.name == full_name) return &key;
  return nullptr;
}

void set_default(Deck& deck, const Key& key) {
  deck.positions.erase(key.name);
  const toml::table before = toml::parse("value = " + key.print(Deck()));
  key.read(deck, key.name, *before.get("value"));
}

std::string Deck::at(std::string_view key) const {
  HEDDLE_EXPECT(find_key(key) != nullptr);
  const auto found = positions.find(key);
  return found == positions.end() ? "default" : found->second;
}

}  // namespace heddle::deck
