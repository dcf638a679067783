// Which values of a program share one piece of memory, and how long it lives.
#pragma once

#include <optional>
#include <set>
#include <vector>

#include "heddle/passes/differentiate.hpp"
#include "heddle/schedule/slots.hpp"
#include "heddle/schedule/tasks.hpp"

namespace heddle::schedule {

/// One piece of memory. Moments are places in the order in which a rank runs the nodes of a microbatch.
struct Storage {
  std::vector<graph::ValueId> values;
  bool invariant = false;  ///< a parameter, or made of nothing but
  Task made_in = {};
  std::set<Task> used_in = {};
  std::optional<Task> received = {}, sent = {};
  std::int64_t first_moment = -1, last_moment = -1;
};

class StorageTable {
 public:
  StorageTable(const passes::Program& program, Backward backward);

  const std::vector<Storage>& all() const { return storages_; }
  const Storage& of(graph::ValueId id) const { return storages_[index_[id]]; }

 private:
  void find_moments();
  void keep_through_loss();
  void mark_messages();
  void join_in_place();
  void merge(graph::ValueId into, graph::ValueId from);
  bool dead_after(const Storage& storage, std::int64_t moment) const;
  Task task_of(std::size_t node) const;
  bool of_one_stage(const Storage& storage, Stage stage) const;

  const passes::Program& program_;
  Backward backward_;
  std::vector<bool> inside_loss_;     ///< of a value: a chunk of its rows is all that is ever there
  std::vector<std::int64_t> moment_;  ///< of a node
  std::vector<Storage> storages_;
  std::vector<int> index_;  ///< of a value
};

}  // namespace heddle::schedule
