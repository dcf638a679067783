// Which ranks share a node, and who measures messages with whom.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace heddle::bench {

/// Of the ranks' hosts: how many neighbours in rank share one. Nothing where that differs from node to node; the last
/// may have fewer.
std::optional<int> ranks_per_node(const std::vector<std::string>& hosts);

enum class Reach { within_a_node, between_nodes };

/// With whom `rank` exchanges messages, which does the same with it: the next rank, or the one in its place on the next
/// node, so that all of a node talk at the same time. -1: none.
int partner(const std::vector<std::string>& hosts, int rank, Reach reach);

}  // namespace heddle::bench
