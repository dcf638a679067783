#include "heddle/passes/step_end.hpp"

#include <algorithm>

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
    for (Trained& trained : program_.trained)
      if (const Tie* tie = tie_of(trained)) trained.stepped = end_.tying == Tying::replicate || leads(*tie);
    for (Trained& trained : program_.trained)
      if (trained.stepped) add_state(trained);
    add_norm();
    for (const Trained& trained : program_.trained)
      if (trained.stepped) add_update(trained);
    return std::move(program_);
  }

 private:
  const Tie* tie_of(const Trained& trained) const {
    const auto found = std::ranges::find(end_.ties, graph_[trained.parameter].name, &Tie::parameter);
    return found == end_.ties.end() ? nullptr : &*found;
  }
  bool leads(const Tie& tie) const { return tie.holders.front() == end_.pipeline_rank; }

  ValueId like(ValueId parameter, const char* what, Role role) {
    Value value = graph_[parameter];
    value.name += what;
    value.role = role;
    return graph_.add(value);
  }

  void add_state(Trained& trained) {
    const ValueId p = trained.parameter;
    trained.moments = {like(p, ".first_moment", Role::state), like(p, ".second_moment", Role::state)};
    if (end_.update == Update::final) return;
    trained.kept = like(p, ".kept", Role::replaced);
    trained.spare = {like(p, ".first_moment.spare", Role::replaced),
                     like(p, ".second_moment.spare", Role::replaced)};
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

  /// A revocable step writes the new moments beside the old ones, which then change names with them
  /// (Trained::moments and spare); so a redo reads the spare ones and writes the others.
  void add_update(const Trained& t) {
    const graph::Decay decay{graph_[t.parameter].initial.decay};
    const std::vector<ValueId> in = {t.parameter, t.gradient, t.moments.first, t.moments.second};
    const std::vector<ValueId> out = {t.parameter, t.moments.first, t.moments.second};
    if (end_.update == Update::final) return add(Op::adamw, in, out, Phase::update, decay);
    add(Op::adamw, in, {t.parameter, t.spare.first, t.spare.second, t.kept}, Phase::update, decay);
    redo_.push_back({t.kept, t.gradient, t.spare.first, t.spare.second});
  }

  Program program_;
  graph::Graph& graph_;
  const StepEnd& end_;
  std::vector<std::vector<ValueId>> redo_;
};

}  // namespace

Program with_step_end(Program program, const StepEnd& end) { return Writer(std::move(program), end).run(); }

}  // namespace heddle::passes
