#include "heddle/exec/observer.hpp"

#include <algorithm>

namespace heddle::exec {

void Observers::add(Observer& observer) {
  all_.push_back(&observer);
  if (observer.watches_pieces()) of_pieces_.push_back(&observer);
}

bool Observers::waits_for_pieces() const {
  return std::ranges::any_of(of_pieces_, [](const Observer* one) { return one->waits_for_pieces(); });
}

void Observers::step_begins(std::int64_t step) {
  for (Observer* one : all_) one->step_begins(step);
}

void Observers::step_ended(const StepResult& result) {
  for (Observer* one : all_) one->step_ended(result);
}

void Observers::action_begins(const schedule::Action& action) {
  for (Observer* one : all_) one->action_begins(action);
}

void Observers::action_ended(const schedule::Event& event) {
  for (Observer* one : all_) one->action_ended(event);
}

void Observers::piece_begins(const Piece& piece) {
  for (Observer* one : of_pieces_) one->piece_begins(piece);
}

void Observers::piece_ended(const Piece& piece) {
  for (Observer* one : of_pieces_) one->piece_ended(piece);
}

}  // namespace heddle::exec
