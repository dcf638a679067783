// How many buffers of each kind a row needs, and which microbatch uses which: lifetimes in the
// row become slots.
#pragma once

#include <cstdint>
#include <set>

#include "heddle/schedule/interpreter.hpp"

namespace heddle::schedule {

/// What a stage does once for every microbatch.
struct Task {
  Stage stage;
  ActionKind kind = ActionKind::forward;

  /// B does what I and W do.
  bool done_by(const Action& action) const;
  friend auto operator<=>(const Task&, const Task&) = default;
};

/// A class of buffers, one for each microbatch (or slice): it lives from the first of the `first` tasks that
/// the row does for the microbatch to the end of the last of the `last` tasks. A receive begins its buffer's
/// life where the loop posts it.
struct BufferClass {
  std::set<Task> first, last;

  friend auto operator<=>(const BufferClass&, const BufferClass&) = default;
};

/// One buffer's life in a row: it is in use while actions `begin` to `end` run, both included.
struct BufferLife {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  int microbatch = 0;
  int slice = 0;
};

/// The lives of a class, in the order of their begins. A send goes on after its action: it has surely left
/// when the `channel_capacity`-th send after it is ready, and at the end of the row. Microbatches that lack a
/// first or a last action have none. `lookahead` is the interpreter's. With a `window` an action may run as
/// soon as the one `window` places before it is done, so that much earlier lives begin.
std::vector<BufferLife> lives(const Row& row, const BufferClass& buffers, int lookahead = default_lookahead,
                              int channel_capacity = default_channel_capacity, int window = 1);

/// Which slot each microbatch (and slice) takes.
struct Slots {
  std::vector<std::vector<int>> slot;  ///< [microbatch][slice], -1 for none
  int count = 0;

  /// -1 for a microbatch that has no buffer of this class.
  int of(int microbatch, int slice = 0) const;
};

/// Gives each life, in the order of begins, the lowest slot that is free: no two alive together share one,
/// and `count` is the peak number alive.
Slots assign_slots(const std::vector<BufferLife>& lives);

}  // namespace heddle::schedule
