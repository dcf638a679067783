#include "heddle/io/stored_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <regex>

#include "checkpoint_format.hpp"
#include "hdf5.hpp"
#include "heddle/base/output_path.hpp"
#include "heddle/io/checkpoint.hpp"
#include "run_format.hpp"

namespace heddle::io {
namespace {

namespace fs = std::filesystem;

/// A damaged one is taken for a run file, whose reader says what is wrong.
bool is_checkpoint(const std::string& path) {
  try {
    return kind_of(path) == FileKind::checkpoint;
  } catch (const Error&) {
    return false;
  }
}

RunPlace in_folder(const fs::path& folder) {
  return {(folder / "run.h5").string(), (folder / "checkpoints").string(), ""};
}

/// Older checkpoints know their run by the deck alone.
bool belong_together(const std::string& run, const std::string& deck, const CheckpointHeader& one) {
  return one.run.empty() || run.empty() ? one.deck == deck : one.run == run;
}

std::vector<fs::path> files_in(const std::string& folder) {
  static const std::regex aside(R"(\.aside(-\d+)?$)");
  std::vector<fs::path> files;
  if (fs::is_directory(folder))
    for (const auto& entry : fs::directory_iterator(folder))
      if (!std::regex_search(entry.path().filename().string(), aside)) files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

}  // namespace

FileKind kind_of(const std::string& path) {
  const auto file = h5::open_to_read(path, h5::file_access(path));
  const std::string mark = h5::has_attribute(file, "format") ? h5::read_string(file, "format") : "";
  if (mark == run_format::mark) return FileKind::run;
  if (mark == checkpoint_format::name) return FileKind::checkpoint;
  if (mark == marks::tokens) return FileKind::tokens;
  throw Error(ExitCode::usage, path + ": this is none of our files",
              "its attribute `format` is none of theirs", "name a run.h5, a checkpoint or a tokens file");
}

RunPlace place_of_run(const std::string& given) {
  const fs::path path(given);
  if (!fs::exists(path))
    throw Error(ExitCode::usage, given + ": no such file or folder", "",
                "give a run's folder, its run.h5 or one of its checkpoints");
  if (fs::is_directory(path)) return in_folder(path);
  const fs::path folder = fs::absolute(path).lexically_normal().parent_path();
  if (!is_checkpoint(given)) {
    RunPlace place = in_folder(path.parent_path().empty() ? "." : path.parent_path());
    place.run_file = given;
    return place;
  }
  RunPlace place = in_folder(folder.parent_path());
  place.checkpoints = folder.string();
  place.checkpoint = given;
  return place;
}

std::string checkpoint_name(std::int64_t step) { return fmt::format("step-{:06}.h5", step); }

std::optional<CheckpointName> read_checkpoint_name(const std::string& name) {
  static const std::regex ours(R"(step-(\d+)\.h5(\.partial)?)");
  std::smatch parts;
  if (!std::regex_match(name, parts, ours)) return {};
  return CheckpointName{std::strtoll(parts.str(1).c_str(), nullptr, 10), parts[2].matched};
}

std::string set_aside(const std::string& path) {
  std::string name = path + ".aside";
  for (int number = 2; fs::exists(name); ++number) name = fmt::format("{}.aside-{}", path, number);
  fs::rename(path, name);
  return name;
}

StoredCheckpoints checkpoints_of(const std::optional<RunHeader>& header, const RunPlace& place) {
  StoredCheckpoints found;
  std::vector<StoredCheckpoint> whole;
  const std::vector<fs::path> files =
      place.checkpoint.empty() ? files_in(place.checkpoints) : std::vector<fs::path>{place.checkpoint};
  for (const fs::path& path : files) try {
      whole.push_back({path.string(), Checkpoint(path.string()).header()});
    } catch (const Error& refused) {
      found.others.emplace_back(refused.what());
    }
  std::ranges::stable_sort(whole, std::ranges::greater{},
                           [](const StoredCheckpoint& one) { return one.header.step; });
  for (const StoredCheckpoint& one : whole) {
    const CheckpointHeader& newest = whole.front().header;
    if (belong_together(header ? header->run : newest.run, header ? header->deck_resolved : newest.deck,
                        one.header))
      found.own.push_back(one);
    else
      found.others.push_back(one.path + ": it is another run's");
  }
  std::ranges::sort(found.others);
  return found;
}

}  // namespace heddle::io
