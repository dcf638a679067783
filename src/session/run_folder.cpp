#include "heddle/session/run_folder.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <utility>
#include <vector>

#include "heddle/base/aside_file.hpp"
#include "heddle/base/error.hpp"
#include "heddle/io/stored_run.hpp"
#include "run_lock.hpp"

namespace heddle::session {
namespace {

namespace fs = std::filesystem;

const char* const lock_name = "run.lock";

/// Checkpoints that runs left in `folder`, whole or not.
std::vector<fs::path> checkpoints_in(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder / "checkpoints", none))
    if (io::read_checkpoint_name(entry.path().filename().string())) found.push_back(entry.path());
  return found;
}

/// A run must not find at its end that it cannot keep what it learnt.
void demand_writable(const fs::path& folder) {
  const std::string probe = (folder / fmt::format(".writable.{}", ::getpid())).string();
  make_folder_of(probe);
  try {
    write_bytes(probe, "x", folder.string());
  } catch (const Error& error) {
    ::unlink(probe.c_str());
    throw Error(ExitCode::usage, error.what(), "", "change output.directory");
  }
  ::unlink(probe.c_str());
}

}  // namespace

void RunFolder::demand_unused() const {
  const fs::path folder = path_;
  std::error_code none;
  const fs::path run = folder / "run.h5";
  const std::vector<fs::path> checkpoints = checkpoints_in(folder);
  if (!fs::exists(run, none) && checkpoints.empty()) return;
  throw Error(
      ExitCode::usage, folder.string() + ": an earlier run left its results in this folder",
      fs::exists(run, none) ? run.string() : checkpoints.front().string(),
      "--restart goes on with it; or give another output.directory, or --overwrite, which removes them");
}

RunFolder::RunFolder(std::string path, EarlierRun earlier) : path_(std::move(path)) {
  demand_writable(path_);
  take_lock(file(lock_name));
  try {
    if (earlier == EarlierRun::refused) demand_unused();
    demand_writable(file("checkpoints"));
  } catch (...) {
    ::unlink(file(lock_name).c_str());
    throw;
  }
  beats_ = std::thread([this] { beat(); });
}

RunFolder::~RunFolder() {
  {
    const std::lock_guard guard(mutex_);
    over_ = true;
  }
  changed_.notify_one();
  beats_.join();
  ::unlink(file(lock_name).c_str());
}

void RunFolder::beat() {
  std::unique_lock guard(mutex_);
  while (!changed_.wait_for(guard, lock_beat, [this] { return over_; })) touch_lock(file(lock_name));
}

std::string RunFolder::file(const std::string& name) const { return (fs::path(path_) / name).string(); }

void RunFolder::remove_checkpoints() const {
  for (const fs::path& checkpoint : checkpoints_in(path_)) fs::remove(checkpoint);
}

void RunFolder::set_aside_checkpoints_after(std::int64_t step) const {
  for (const fs::path& checkpoint : checkpoints_in(path_)) {
    const auto name = io::read_checkpoint_name(checkpoint.filename().string());
    if (name && name->step > step && !name->partial) io::set_aside(checkpoint.string());
  }
}

}  // namespace heddle::session
