#include "heddle/passes/step_end.hpp"

#include <algorithm>
#include <iterator>
#include <map>

#include "heddle/graph/ops.hpp"

namespace heddle::passes {
namespace {

using graph::Node;
using graph::Op;
using graph::Role;
using graph::Value;
using graph::ValueId;

class Writer {
 public:
  Writer(Program program, const StepEnd& end)
      : program_(std::move(program)), graph_(program_.graph), end_(end) {}

  Program run() {
    take_conversions();
    for (const Tie& tie : end_.ties)
      if (Trained* trained = find(tie)) add_sum(*trained, tie);
    for (Trained& trained : program_.trained)
      if (steps(trained)) add_state(trained);
    add_norm();
    for (const Trained& trained : program_.trained)
      if (trained.stepped()) add_update(trained);
    if (end_.update == Update::revocable) add_ways_back();
    if (end_.tying == Tying::transmit)
      for (const Tie& tie : end_.ties)
        if (const Trained* trained = find(tie)) add_hand_on(*trained, tie);
    for (const auto& [parameter, nodes] : conversions_) add_conversions(parameter, Phase::refresh);
    graph::check_types(graph_);
    return std::move(program_);
  }

 private:
  const Tie* tie_of(const Trained& trained) const {
    const auto found = std::ranges::find(end_.ties, graph_[trained.parameter].name, &Tie::parameter);
    return found == end_.ties.end() ? nullptr : &*found;
  }
  Trained* find(const Tie& tie) {
    const auto found = std::ranges::find_if(
        program_.trained, [&](const Trained& t) { return graph_[t.parameter].name == tie.parameter; });
    return found == program_.trained.end() ? nullptr : &*found;
  }
  bool steps(const Trained& trained) const {
    const Tie* tie = tie_of(trained);
    return !tie || end_.tying == Tying::replicate || leads(*tie);
  }
  bool leads(const Tie& tie) const { return tie.holders.front() == end_.pipeline_rank; }

  /// All holders come to it in the order of the ties, which is the same for all.
  void add_sum(Trained& trained, const Tie& tie) {
    const bool replicated = end_.tying == Tying::replicate;
    const maps::MapKind kind = replicated ? maps::MapKind::sum_reduce : maps::MapKind::sum_to_first;
    graph_[trained.gradient].layout[maps::Axis::pipeline] = maps::partial;
    Value sum = graph_[trained.gradient];
    sum.layout[maps::Axis::pipeline] = replicated ? maps::whole : maps::first;
    const ValueId result = graph_.add(sum);
    add(Op::map, {trained.gradient}, {result}, Phase::epilogue, among(kind, tie));
    trained.gradient = result;
  }

  void add_hand_on(const Trained& trained, const Tie& tie) {
    add(Op::map, {trained.parameter}, {trained.parameter}, Phase::hand_on,
        among(maps::MapKind::broadcast_from_first, tie));
    if (!trained.stepped()) add_conversions(trained.parameter, Phase::hand_on);
  }

  /// The copies of parameters: a step makes them anew where it makes the parameter.
  void take_conversions() {
    const auto converts = [](const Node& node) {
      return node.op == Op::convert && node.phase == Phase::prologue;
    };
    for (const Node& node : graph_.nodes)
      if (converts(node)) conversions_[source_of(node.in.front())].push_back(node);
    std::erase_if(graph_.nodes, converts);
  }

  /// The parameter of which maps that move nothing have made a value.
  ValueId source_of(ValueId id) const {
    while (graph_[id].role != Role::parameter)
      id = std::ranges::find_if(graph_.nodes, [&](const Node& node) {
             return node.out.front() == id;
           })->in.front();
    return id;
  }

  void add_conversions(ValueId parameter, Phase phase, std::size_t first = 0) {
    const std::vector<Node>& all = conversions_[parameter];
    for (std::size_t i = first; i < all.size(); ++i) {
      graph_.nodes.push_back(all[i]);
      graph_.nodes.back().phase = phase;
    }
  }

  static maps::Map among(maps::MapKind kind, const Tie& tie) {
    return {.kind = kind, .axes = maps::Axis::pipeline, .among = {tie.holders.begin(), tie.holders.end()}};
  }

  ValueId like(ValueId parameter, const char* what, Role role) {
    Value value = graph_[parameter];
    value.name += what;
    value.role = role;
    return graph_.add(value);
  }

  ValueId moment(ValueId parameter, const char* what, Role role) {
    const ValueId made = like(parameter, what, role);
    graph_[made].dtype = end_.narrow_moments ? DType::bf16 : compute_type(graph_[parameter].dtype);
    return made;
  }

  ValueId remainder(ValueId parameter, const char* what, Role role) {
    const ValueId made = like(parameter, what, role);
    graph_[made].dtype = DType::i16;
    return made;
  }

  void add_state(Trained& trained) {
    const ValueId p = trained.parameter;
    trained.moments = {moment(p, ".first_moment", Role::state), moment(p, ".second_moment", Role::state)};
    const bool splits = end_.remainders && graph_[p].dtype == DType::bf16;
    if (splits) trained.remainder = remainder(p, ".remainder", Role::remainder);
    if (end_.update == Update::final) return;
    if (splits) trained.kept_remainder = remainder(p, ".remainder.kept", Role::replaced);
    trained.kept = like(p, ".kept", Role::replaced);
    trained.spare = {moment(p, ".first_moment.spare", Role::replaced),
                     moment(p, ".second_moment.spare", Role::replaced)};
  }

  void add(Op op, std::vector<ValueId> in, std::vector<ValueId> out, Phase phase,
           graph::Attributes attributes = {}) {
    Node node{op, std::move(in), std::move(out), std::move(attributes)};
    node.stage = program_.borders.front().stage;
    node.phase = phase;
    graph_.nodes.push_back(std::move(node));
  }

  /// Each parameter counts once over the pipeline: for the first rank that holds it.
  void add_norm() {
    std::vector<ValueId> counted;
    for (const Trained& trained : program_.trained) {
      const Tie* tie = tie_of(trained);
      if (!tie || leads(*tie)) counted.push_back(trained.gradient);
    }
    if (counted.empty()) return;
    program_.squares = append(graph_, Op::sum_of_squares, counted, "squares").front();
    graph_.nodes.back().stage = program_.borders.front().stage;
    graph_.nodes.back().phase = Phase::norm;
  }

  /// A revocable step writes the new moments beside the old ones, with which they then exchange their memory.
  void add_update(const Trained& t) {
    const bool keeps = end_.update == Update::revocable;
    add_adamw(t, {t.parameter, t.remainder, t.moments}, keeps ? t.spare : t.moments, keeps, Phase::update);
  }

  /// A parameter's state as a step finds it.
  struct Before {
    ValueId parameter, remainder;
    Moments moments;
  };

  /// It writes the first copy of the parameter in the same pass.
  void add_adamw(const Trained& t, const Before& before, const Moments& after, bool keeps, Phase phase) {
    const std::vector<Node>& copies = conversions_[t.parameter];
    const ValueId copy = copies.empty() ? -1 : copies.front().out.front();
    add(Op::adamw,
        there({before.parameter, t.gradient, before.moments.first, before.moments.second, before.remainder}),
        there({t.parameter, after.first, after.second, t.remainder, keeps ? t.kept : -1,
               keeps ? t.kept_remainder : -1, copy}),
        phase,
        graph::Update{.decays = graph_[t.parameter].initial.decay,
                      .copies = copy >= 0,
                      .keeps = keeps,
                      .key = graph_[t.parameter].name + ".moments"});
    add_conversions(t.parameter, phase, 1);
  }

  static std::vector<ValueId> there(std::initializer_list<ValueId> ids) {
    std::vector<ValueId> found;
    std::ranges::copy_if(ids, std::back_inserter(found), [](ValueId id) { return id >= 0; });
    return found;
  }

  /// After that exchange the spare moments are those from before the step.
  void add_ways_back() {
    for (const Trained& t : program_.trained)
      if (t.stepped())
        add_adamw(t, {t.kept, t.kept_remainder, t.spare}, t.moments, /*keeps=*/false, Phase::redo);
    for (const Trained& t : program_.trained)
      if (t.stepped()) {
        add(Op::restore, {t.kept}, {t.parameter}, Phase::take_back);
        if (t.remainder >= 0) add(Op::restore, {t.kept_remainder}, {t.remainder}, Phase::take_back);
        add_conversions(t.parameter, Phase::take_back);
      }
  }

  Program program_;
  graph::Graph& graph_;
  const StepEnd& end_;
  std::map<ValueId, std::vector<Node>> conversions_;  ///< of a parameter
};

}  // namespace

Program with_step_end(Program program, const StepEnd& end) { return Writer(std::move(program), end).run(); }

}  // namespace heddle::passes
