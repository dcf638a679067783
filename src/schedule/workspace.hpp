// What a node's kernel works in beside its values.
#pragma once

#include <span>

#include "heddle/graph/graph.hpp"
#include "heddle/schedule/memory_plan.hpp"

namespace heddle::schedule {

/// Bytes, where a library does attention; `locations` tell each value's shape on this rank.
std::int64_t workspace_bytes(const graph::Graph& graph, const graph::Node& node,
                             std::span<const Location> locations, const graph::Extents& extents);

}  // namespace heddle::schedule
