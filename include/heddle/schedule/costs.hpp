// What the actions of a schedule cost: seconds of each stage, and the links between neighbouring stages.
#pragma once

#include <array>
#include <initializer_list>
#include <limits>
#include <utility>
#include <vector>

#include "heddle/schedule/action.hpp"

namespace heddle::schedule {

/// The kinds of action that take a stage's time; messages take their links'.
inline constexpr std::array timed_kinds = {ActionKind::forward,          ActionKind::backward,
                                           ActionKind::backward_input,   ActionKind::backward_weight,
                                           ActionKind::reduce_gradients, ActionKind::step};

/// Seconds of one stage, by the kind of action: F, B, I and W of a microbatch (or slice), and the end
/// of the step.
class StageCost {
 public:
  StageCost() = default;
  StageCost(std::initializer_list<std::pair<ActionKind, double>> seconds) {
    for (const auto& [kind, value] : seconds) (*this)[kind] = value;
  }
  double& operator[](ActionKind kind) { return seconds_[static_cast<std::size_t>(kind)]; }
  double operator[](ActionKind kind) const { return seconds_[static_cast<std::size_t>(kind)]; }

 private:
  std::array<double, action_kind_count> seconds_{};
};

/// A message arrives latency + bytes / bandwidth seconds after it was sent. With contention those from one
/// rank to another share a link, which carries one after another: bytes / bandwidth each, in the order in
/// which they were sent. The way back is a link of its own.
struct Link {
  double latency = 0;                                          ///< seconds
  double bandwidth = std::numeric_limits<double>::infinity();  ///< bytes a second
  bool contention = false;
};

struct Costs {
  ById<Stage, StageCost> stages;  ///< a table: stages[stage][kind]
  Link link;
  ById<Stage, double> boundary_bytes;  ///< of a message between stage i and i + 1, either way; empty: none
  ById<Stage, Link> links = {};        ///< between stage i and i + 1; empty: all are `link`
  /// STEP waits until every stage of the pipeline has reduced its gradients, since the norm of all of
  /// them scales it.
  bool steps_together = false;

  /// Of a send or a receive.
  const Link& link_of(const Action& message) const;
  double bytes_of(const Action& message) const;
};

}  // namespace heddle::schedule
