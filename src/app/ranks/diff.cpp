// heddle diff: in what two checkpoints, or two runs, differ.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include "commands.hpp"
#include "heddle/deck/differences.hpp"
#include "heddle/deck/read.hpp"
#include "heddle/io/checkpoint.hpp"
#include "heddle/io/run_file.hpp"
#include "heddle/io/stored_run.hpp"

namespace heddle::app {
namespace {

constexpr std::size_t shown = 10;  // lines of a table

/// What lies between the numbers of two tensors, or of two histories.
class Distance {
 public:
  void add(double a, double b) {
    const bool same = a == b || (std::isnan(a) && std::isnan(b));
    different_ += !same;
    size_ += std::isnan(a) ? 0 : a * a;
    if (same) return;
    const double apart = std::isnan(a - b) ? std::numeric_limits<double>::infinity() : std::abs(a - b);
    largest_ = std::max(largest_, apart);
    square_ += apart * apart;
  }
  std::int64_t different() const { return different_; }
  double largest() const { return largest_; }
  /// |a - b| / |a|.
  double relative() const { return different_ == 0 ? 0 : std::sqrt(square_ / size_); }

 private:
  std::int64_t different_ = 0;
  double largest_ = 0, square_ = 0, size_ = 0;
};

void say_decks(const std::string& first, const std::string& second, const DiffArguments& asked) {
  for (const auto& [key, before, after] :
       deck::differences(deck::restore(first, asked.first), deck::restore(second, asked.second)))
    fmt::print("{}: {} | {}\n", key, before, after);
}

/// Of what differs a line each, the largest first.
bool tell(std::vector<std::pair<std::string, Distance>> all, const char* each, std::size_t of) {
  std::erase_if(all, [](const auto& one) { return one.second.different() == 0; });
  if (all.empty()) {
    fmt::print("all {} {} are the same, bit by bit\n", of, each);
    return false;
  }
  std::ranges::stable_sort(all, std::ranges::greater{},
                           [](const auto& one) { return one.second.relative(); });
  fmt::print("{} of {} {} differ\n{:<52} {:>10} {:>12} {:>12}\n", all.size(), of, each, "", "numbers",
             "largest", "|a-b|/|a|");
  for (std::size_t i = 0; i < std::min(shown, all.size()); ++i)
    fmt::print("{:<52} {:>10} {:>12.4g} {:>12.4g}\n", all[i].first, all[i].second.different(),
               all[i].second.largest(), all[i].second.relative());
  if (all.size() > shown) fmt::print("... and {} more\n", all.size() - shown);
  return true;
}

Distance between(const io::Checkpoint& a, const io::Checkpoint& b, const std::string& name) {
  Distance distance;
  std::vector<double> its, others;
  for (const maps::Box& piece : io::pieces_of(a.entries().at(name))) {
    for (std::vector<double>* numbers : {&its, &others})
      numbers->resize(static_cast<std::size_t>(piece.count()));
    a.read(name, piece, its);
    b.read(name, piece, others);
    for (std::size_t i = 0; i < its.size(); ++i) distance.add(its[i], others[i]);
  }
  return distance;
}

bool diff_checkpoints(const DiffArguments& asked) {
  const io::Checkpoint a(asked.first), b(asked.second);
  fmt::print("step {} | {}\n", a.header().step, b.header().step);
  say_decks(a.header().deck, b.header().deck, asked);
  std::set<std::string> names;
  for (const io::Checkpoint* file : {&a, &b})
    for (const auto& [name, entry] : file->entries()) names.insert(name);
  std::vector<std::pair<std::string, Distance>> all;
  bool differ = false;
  for (const std::string& name : names) {
    const auto mine = a.entries().find(name), its = b.entries().find(name);
    const bool comparable =
        mine != a.entries().end() && its != b.entries().end() && mine->second.shape == its->second.shape;
    if (comparable)
      all.emplace_back(name, between(a, b, name));
    else
      fmt::print("{}: {}\n", name,
                 mine == a.entries().end()  ? "only in the second"
                 : its == b.entries().end() ? "only in the first"
                                            : "of another shape");
    differ = differ || !comparable;
  }
  const std::size_t of = all.size();
  return tell(std::move(all), "tensors", of) || differ;
}

bool diff_runs(const DiffArguments& asked) {
  say_decks(io::read_run_header(asked.first).deck_resolved, io::read_run_header(asked.second).deck_resolved,
            asked);
  const std::vector<io::StepRow> a = io::read_steps(asked.first), b = io::read_steps(asked.second);
  std::vector<std::pair<std::string, Distance>> all;
  std::size_t at = 0, both = 0;
  bool alike = true;  // so far
  for (const io::StepRow& row : a) {
    while (at < b.size() && b[at].step < row.step) ++at;
    if (at == b.size() || b[at].step != row.step) continue;
    ++both;
    Distance loss;
    loss.add(row.loss, b[at].loss);
    loss.add(row.validation_loss, b[at].validation_loss);
    if (loss.different() > 0 && std::exchange(alike, false))
      fmt::print("the losses part at step {}\n", row.step);
    all.emplace_back(fmt::format("step {}: loss {:.6f} | {:.6f}", row.step, row.loss, b[at].loss), loss);
  }
  if (a.size() != b.size()) fmt::print("{} steps | {}\n", a.size(), b.size());
  return tell(std::move(all), "steps' losses", both) || a.size() != b.size();
}

}  // namespace

void diff(const DiffArguments& asked) {
  const io::FileKind first = io::kind_of(asked.first), second = io::kind_of(asked.second);
  if (first != second || first == io::FileKind::tokens)
    throw Error(ExitCode::usage, fmt::format("{} and {} cannot be compared", asked.first, asked.second),
                "they are not two checkpoints, nor two run files");
  if (first == io::FileKind::checkpoint ? diff_checkpoints(asked) : diff_runs(asked))
    throw Error(ExitCode::failure, fmt::format("{} and {} differ", asked.first, asked.second));
}

}  // namespace heddle::app
