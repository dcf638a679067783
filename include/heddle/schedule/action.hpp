// What a pipeline rank does, one action at a time, and a whole schedule as data: one row of actions a
// pipeline rank. The words are those of torch.distributed.pipelining, so that rows can be exchanged with
// it (see text.hpp).
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "heddle/base/ids.hpp"

namespace heddle::schedule {

enum class ActionKind : std::uint8_t {
  forward,           ///< F
  backward,          ///< B: the gradients of input and weights together
  backward_input,    ///< I: the gradient of the input only
  backward_weight,   ///< W: the gradient of the weights, after I
  send_forward,      ///< SEND_F: the stage's output goes to the next stage
  receive_forward,   ///< RECV_F: the stage's input comes from the stage before
  send_backward,     ///< SEND_B: the gradient of the stage's input goes to the stage before
  receive_backward,  ///< RECV_B: the gradient of the stage's output comes from the next stage
  reduce_gradients,  ///< REDUCE_GRAD: once a stage, the sum over the data axis is complete
  step,              ///< STEP: once a stage, the optimizer's step
};
inline constexpr int action_kind_count = 10;

/// "F", "RECV_B", "REDUCE_GRAD": the word in a cell.
std::string_view name(ActionKind kind);

/// One cell of a row. `microbatch` is -1 for what is done once a stage (reduce_gradients, step).
struct Action {
  ActionKind kind = ActionKind::forward;
  Stage stage = {};
  int microbatch = -1;
  int slice = 0;  ///< of the sequence; 0 where a microbatch is not cut

  friend constexpr auto operator<=>(const Action&, const Action&) = default;
};

/// The cell: "2F0", "1SEND_B3", "0REDUCE_GRAD"; a slice other than 0 stands behind a dot, "2F0.3".
std::string name(const Action& action);

constexpr bool is_compute(ActionKind kind) { return kind <= ActionKind::backward_weight; }
constexpr bool is_backward(ActionKind kind) { return is_compute(kind) && kind != ActionKind::forward; }
constexpr bool is_send(ActionKind kind) {
  return kind == ActionKind::send_forward || kind == ActionKind::send_backward;
}
constexpr bool is_receive(ActionKind kind) {
  return kind == ActionKind::receive_forward || kind == ActionKind::receive_backward;
}
/// Does the data of this send or receive go towards later stages?
constexpr bool goes_forward(ActionKind kind) {
  return kind == ActionKind::send_forward || kind == ActionKind::receive_forward;
}
constexpr bool adds_to_gradients(ActionKind kind) {
  return kind == ActionKind::backward || kind == ActionKind::backward_weight;
}
/// Done once a stage and step, not once a microbatch.
constexpr bool is_per_stage(ActionKind kind) { return kind >= ActionKind::reduce_gradients; }

/// The stage at the other end of a send or a receive. It may lie outside the pipeline when the row is wrong.
Stage partner_stage(const Action& action);
/// The receive that takes what this send gives, or the send that gives what this receive takes.
Action counterpart(const Action& action);

using Row = std::vector<Action>;

/// What every rank of a pipeline does in one training step. Ranks that share a pipeline coordinate
/// share a row.
struct Schedule {
  /// In the order of execution, unless the window lets a rank stray.
  ById<PipelineRank, Row> rows;
  /// Who holds a stage; several stages may share a rank.
  ById<Stage, PipelineRank> rank_of_stage;
  int microbatches = 0;
  /// Among so many actions of its row, from the first that is not done, a rank does the first that is ready;
  /// 1: in order.
  int window = 1;
  int slices = 1;  ///< of the sequence that every microbatch is cut into

  int ranks() const { return static_cast<int>(rows.size()); }
  int stages() const { return static_cast<int>(rank_of_stage.size()); }
  friend bool operator==(const Schedule&, const Schedule&) = default;
};

/// Stage i on rank i.
ById<Stage, PipelineRank> one_stage_a_rank(int ranks);

}  // namespace heddle::schedule

template <>
struct std::hash<heddle::schedule::Action> {
  std::size_t operator()(const heddle::schedule::Action& action) const noexcept {
    std::uint64_t bits = static_cast<std::uint64_t>(action.kind);
    bits = bits * 0x100003 + static_cast<std::uint32_t>(int{action.stage});
    bits = bits * 0x100003 + static_cast<std::uint32_t>(action.microbatch);
    bits = bits * 0x100003 + static_cast<std::uint32_t>(action.slice);
    return static_cast<std::size_t>(bits * 0x9e3779b97f4a7c15ull >> 7);
  }
};
