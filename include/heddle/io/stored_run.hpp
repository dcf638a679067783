// What a run left behind, found from any of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "heddle/io/checkpoint.hpp"
#include "heddle/io/run_file.hpp"

namespace heddle::io {

enum class FileKind : std::uint8_t { run, checkpoint, tokens };
/// Of a file that we wrote. Error(usage) for a folder and for anything else.
FileKind kind_of(const std::string& path);

/// Files of one run, given its folder, its run.h5 or one of its checkpoints.
struct RunPlace {
  std::string run_file;
  std::string checkpoints;  ///< the folder
  std::string checkpoint;   ///< the one that was given; else empty
};

/// Error(usage) where there is nothing of that name. That the files are a run's is for their readers to see.
RunPlace place_of_run(const std::string& given);

/// Of a checkpoint in its folder: "step-000500.h5".
std::string checkpoint_name(std::int64_t step);
/// The step in such a name, also while the file is written (NAME.partial); none in others.
struct CheckpointName {
  std::int64_t step = 0;
  bool partial = false;
};
std::optional<CheckpointName> read_checkpoint_name(const std::string& name);

/// Gives a file a name by which nobody takes it for what it was, and returns that; it stays in its folder.
std::string set_aside(const std::string& path);

struct StoredCheckpoint {
  std::string path;
  CheckpointHeader header;
};

struct StoredCheckpoints {
  std::vector<StoredCheckpoint> own;  ///< whole ones of the run, the newest first
  std::vector<std::string> others;    ///< "PATH: why it is none of them", in the order of their names
};

/// Of the run that `header` is of, but for what was set aside; without one, of the run that the newest of them is of. Looks at headers: a damaged number shows when it
/// is read.
StoredCheckpoints checkpoints_of(const std::optional<RunHeader>& header, const RunPlace& place);

}  // namespace heddle::io
