#include "nodes.hpp"

namespace heddle::bench {

std::optional<int> ranks_per_node(const std::vector<std::string>& hosts) {
  const int ranks = static_cast<int>(hosts.size());
  int first = 1;
  while (first < ranks && hosts[first] == hosts[0]) ++first;
  for (int rank = 1; rank < ranks; ++rank)
    if ((hosts[rank] != hosts[rank - 1]) != (rank % first == 0)) return {};
  return first;
}

int partner(const std::vector<std::string>& hosts, int rank, Reach reach) {
  const std::optional<int> in_a_node = ranks_per_node(hosts);
  if (!in_a_node) return -1;
  const int distance = reach == Reach::within_a_node ? 1 : *in_a_node;
  const int other = rank / distance % 2 == 0 ? rank + distance : rank - distance;
  if (other >= static_cast<int>(hosts.size())) return -1;
  return (hosts[other] == hosts[rank]) == (reach == Reach::within_a_node) ? other : -1;
}

}  // namespace heddle::bench
