// A tokens file cut into a part to train on and a held-out part, read in windows.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "heddle/io/token_file.hpp"

namespace heddle::data {

/// Tokens [begin, end) of the file.
struct Part {
  std::int64_t begin = 0;
  std::int64_t end = 0;

  std::int64_t length() const { return end - begin; }
  friend bool operator==(const Part&, const Part&) = default;
};

/// What a model is fed: row r is token r % sequence of sample r / sequence.
struct Batch {
  std::vector<std::int32_t> inputs;   ///< [samples * sequence]
  std::vector<std::int32_t> targets;  ///< [samples * sequence], each the token that follows its input
};

class Dataset {
 public:
  /// The last `held_out` (a fraction, 0 to below 1) of the tokens is kept for evaluation, as nanoGPT does.
  /// Error(usage) if a part that is wanted has no room for one window of `sequence` + 1 tokens.
  Dataset(const std::string& path, double held_out, std::int64_t sequence);

  const io::TokenFile& file() const { return file_; }
  std::int64_t sequence() const { return sequence_; }
  const Part& train() const { return train_; }
  /// Empty when nothing is held out.
  const Part& held_out() const { return held_out_; }

  /// One window of `sequence` + 1 tokens from each start.
  Batch read(std::span<const std::int64_t> starts) const;

 private:
  void demand_room(const Part& part, const char* what) const;

  io::TokenFile file_;
  std::int64_t sequence_;
  Part train_, held_out_;
};

}  // namespace heddle::data
