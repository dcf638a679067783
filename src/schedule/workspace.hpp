// What a node's kernel works in beside its values.
#pragma once

#include <span>

#include "heddle/graph/graph.hpp"
#include "heddle/schedule/memory_plan.hpp"

namespace heddle::schedule {

/// Bytes; `locations` tell each value's shape on this rank.
std::int64_t workspace_bytes(AttentionBy by, const graph::Graph& graph, const graph::Node& node,
                             std::span<const Location> locations, const graph::Extents& extents);

}  // namespace heddle::schedule
