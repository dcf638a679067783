#include "heddle/schedule/merge.hpp"

namespace heddle::schedule {
namespace {

bool completes(const Action& weight, Action input) {
  input.kind = ActionKind::backward_weight;
  return weight == input;
}

Row merged(const Row& row) {
  Row out;
  for (const Action& action : row) {
    const bool pair =
        !out.empty() && out.back().kind == ActionKind::backward_input && completes(action, out.back());
    if (pair)
      out.back().kind = ActionKind::backward;
    else
      out.push_back(action);
  }
  return out;
}

}  // namespace

Schedule merge_backwards(const Schedule& schedule) {
  Schedule out = schedule;
  for (Row& row : out.rows) row = merged(row);
  return out;
}

}  // namespace heddle::schedule
