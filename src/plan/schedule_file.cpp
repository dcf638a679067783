#include "heddle/plan/schedule_file.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "heddle/base/error.hpp"
#include "heddle/base/input_path.hpp"
#include "heddle/schedule/text.hpp"
#include "heddle/schedule/verify.hpp"

namespace heddle::plan {
namespace {

std::string read_text(const std::string& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status))
    throw KeyError({"pipeline.schedule"}, path + ": cannot find the schedule", where_looked(path),
                   fmt::format("make one with `heddle schedule DECK --format csv -o {}`", path));
  if (!std::filesystem::is_regular_file(status))
    throw Error(ExitCode::usage, path + ": cannot read the schedule",
                std::filesystem::is_directory(status) ? "it is a directory" : "it is no regular file",
                "name a file with a line for each rank");
  std::ifstream stream(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  if (!stream)
    throw Error(ExitCode::usage, path + ": cannot read the schedule", "the file system reports an error",
                "copy the file to another place");
  return text;
}

}  // namespace

bool is_file(const deck::Pipeline& pipeline) { return pipeline.schedule.starts_with(deck::schedule_file); }

schedule::Cells cells_of_file(const deck::Pipeline& pipeline) {
  const std::string path = pipeline.schedule.substr(deck::schedule_file.size());
  schedule::Cells cells = schedule::read_cells(read_text(path), path);
  const schedule::Schedule rows = schedule::schedule_of(cells);
  if (const auto problem = schedule::first_problem_of_rows(rows))
    throw Error(ExitCode::usage, path + ": " + problem->what, problem->why, schedule::rows_that_run);
  return cells;
}

}  // namespace heddle::plan
