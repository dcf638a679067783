#include "heddle/session/earlier.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <filesystem>
#include <functional>

#include "heddle/comm/first_error.hpp"
#include "heddle/comm/gather.hpp"
#include "heddle/io/stored_run.hpp"

namespace heddle::session {
namespace {

namespace fs = std::filesystem;

std::string listed(const std::vector<std::string>& lines) {
  return fmt::format("{}", fmt::join(lines, "; "));
}

/// Of a file that is whole. One whose writer was killed as it opened or closed it is cured first: nobody else writes it now.
std::optional<io::RunHeader> header_of(const std::string& run_file, Earlier& earlier) {
  if (!fs::exists(run_file)) return {};
  if (::access(run_file.c_str(), R_OK | W_OK) != 0)
    throw Error(ExitCode::usage, run_file + ": it may not be read and written", "", "change its permissions");
  try {
    io::cure(run_file);
    io::RunHeader header = io::read_legs(run_file).back();
    io::read_steps(run_file);
    earlier.run_file = Earlier::RunFile::whole;
    return header;
  } catch (const io::UnknownVersion&) {
    throw;
  } catch (const Error& damaged) {
    earlier.run_file = Earlier::RunFile::damaged;
    earlier.passed_over.emplace_back(damaged.what());
  }
  return {};
}

/// The checkpoint of another run that this one went on from, and has none of its own yet.
void add_origin(const io::RunHeader& header, Earlier& earlier) {
  if (header.from.empty()) return;
  try {
    const io::CheckpointHeader origin = io::Checkpoint(header.from).header();
    if (origin.run != header.from_run)
      return earlier.passed_over.push_back(header.from + ": it is another run's now");
    earlier.checkpoints.push_back(header.from);
    earlier.products = origin.products;
  } catch (const Error& gone) {
    earlier.passed_over.emplace_back(gone.what());
  }
}

/// A checkpoint has its name once it is whole.
bool has_whole_names(const fs::path& folder) {
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none))
    if (const auto name = io::read_checkpoint_name(entry.path().filename().string()); name && !name->partial)
      return true;
  return false;
}

bool same_place(const fs::path& one, const fs::path& other) {
  std::error_code none;
  return fs::equivalent(one, other, none);
}

/// It went on from `from` before, into this folder.
bool is_branch_of(const std::string& folder, const std::string& from) {
  const fs::path run_file = fs::path(folder) / "run.h5";
  if (!fs::exists(run_file)) return false;
  try {
    return same_place(io::read_legs(run_file.string()).front().from, from);
  } catch (const Error&) {
    return false;
  }
}

Earlier of_place(const io::RunPlace& place) {
  Earlier earlier;
  const std::optional<io::RunHeader> header = header_of(place.run_file, earlier);
  const io::StoredCheckpoints found = io::checkpoints_of(header, place);
  for (const io::StoredCheckpoint& one : found.own) earlier.checkpoints.push_back(one.path);
  earlier.passed_over.insert(earlier.passed_over.end(), found.others.begin(), found.others.end());
  if (!found.own.empty()) {
    earlier.run = found.own.front().header.run;
    earlier.products = found.own.front().header.products;
  }
  if (!header) return earlier;
  earlier.run = header->run;
  earlier.deck = header->deck_resolved;
  earlier.finished = header->finished;
  if (found.own.empty()) add_origin(*header, earlier);
  if (earlier.begins() &&
      (header->finished || header->steps_before > 0 || has_whole_names(place.checkpoints)))
    throw Error(ExitCode::usage, place.checkpoints + ": no checkpoint of the run is left to go on from",
                listed(earlier.passed_over),
                "bring one back, or begin another run in another output.directory");
  return earlier;
}

/// As one process finds it.
Earlier look(const std::string& folder, const std::string& from) {
  if (from.empty() || is_branch_of(folder, from)) return of_place(io::place_of_run(folder));
  const io::RunPlace place = io::place_of_run(from);
  Earlier earlier = of_place(place);
  earlier.in_place = same_place(place.checkpoints, fs::path(folder) / "checkpoints");
  if (earlier.begins())
    throw Error(ExitCode::usage, from + ": no checkpoint to go on from", listed(earlier.passed_over),
                "--restart alone takes the newest in output.directory, or begins where there is none");
  return earlier;
}

/// Rank 0's texts, on every rank.
std::vector<std::string> told(const comm::Communicator& ranks, const std::vector<std::string>& texts) {
  std::string bytes;
  if (ranks.rank() == 0)
    for (const std::string& text : texts) bytes += text + '\0';
  const std::string all = comm::gather(ranks, bytes, comm::Receivers::all, "what the run left").front();
  std::vector<std::string> parts;
  for (std::size_t begin = 0, end = 0; (end = all.find('\0', begin)) != std::string::npos; begin = end + 1)
    parts.push_back(all.substr(begin, end - begin));
  return parts;
}

/// Collective: rank 0 does it, and all throw what it throws.
void by_first(const comm::Communicator& ranks, const std::function<void()>& body) {
  const auto mine = [&] {
    if (ranks.rank() == 0) body();
  };
  if (const auto error = comm::first_error(ranks, mine, "rank 0 to look for what the run left")) throw *error;
}

/// The same on every rank.
Earlier find_earlier(const comm::Communicator& ranks, const std::string& folder, const std::string& from) {
  Earlier found;
  by_first(ranks, [&] { found = look(folder, from); });
  struct Flags {
    bool in_place, finished;
    Earlier::RunFile run_file;
  };
  const Flags mine_are[] = {{found.in_place, found.finished, found.run_file}};
  const Flags flags =
      comm::gather_rows<Flags>(ranks, mine_are, comm::Receivers::all, "what the run left").front().front();
  const std::vector<std::string> texts = told(ranks, {found.run, found.deck, found.products});
  return {.in_place = flags.in_place,
          .run_file = flags.run_file,
          .finished = flags.finished,
          .run = texts[0],
          .deck = texts[1],
          .checkpoints = told(ranks, found.checkpoints),
          .products = texts[2],
          .passed_over = told(ranks, found.passed_over)};
}

}  // namespace

std::optional<Earlier> take_over(const comm::Communicator& ranks, const std::string& directory,
                                 const std::optional<std::string>& from, std::optional<RunFolder>& folder) {
  if (!from) return {};
  by_first(ranks, [&] { folder.emplace(directory, EarlierRun::continued); });
  Earlier found = find_earlier(ranks, directory, *from);
  if (!found.in_place) by_first(ranks, [&] { folder->demand_unused(); });
  return found;
}

}  // namespace heddle::session
