// Checkpoints: every parameter and optimizer moment in its global shape under its name, so that any grid, and
// any other program, reads what any grid wrote. docs/checkpoint.md describes the format.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "heddle/base/tensor.hpp"
#include "heddle/maps/box.hpp"

namespace heddle::io {

struct CheckpointHeader {
  std::int64_t step = 0;          ///< optimizer steps done
  std::int64_t samples = 0;       ///< samples consumed: the position in the data
  std::string deck;               ///< resolved, as TOML
  std::string products = {};      ///< what products were computed with, as JSON; empty where nobody chose
  std::string run = {};           ///< RunHeader::run; empty in older files, whose run has the same deck
  std::string tokens = {};        ///< TokenFile::contents of what was learnt from; empty in older files
  double loss_mean = 0;           ///< of the last steps that counted, by which a spike is known
  std::int64_t loss_steps = 0;    ///< that it is of
  std::int64_t learnt = samples;  ///< of the samples, those that were not passed over; in older files all
  std::optional<double> validation_loss = {};  ///< where that step was evaluated

  friend bool operator==(const CheckpointHeader&, const CheckpointHeader&) = default;
};

/// Dataset names. A parameter's name, such as layers.0.norm1.weight, stands as it is.
std::string parameter_dataset(const std::string& parameter);      ///< parameters/NAME
std::string first_moment_dataset(const std::string& parameter);   ///< optimizer/first/NAME
std::string second_moment_dataset(const std::string& parameter);  ///< optimizer/second/NAME

/// A checkpoint opened by one process alone; every rank of a run may open the same one.
class Checkpoint {
 public:
  struct Entry {
    Shape shape;
    DType dtype = DType::f32;
  };

  /// Error(usage) for a file that is missing, foreign or not complete.
  explicit Checkpoint(const std::string& path);
  Checkpoint(Checkpoint&&) noexcept;
  Checkpoint& operator=(Checkpoint&&) noexcept;
  ~Checkpoint();

  const CheckpointHeader& header() const;
  /// Every dataset by its name.
  const std::map<std::string, Entry>& entries() const;
  /// Reads block [begin, begin + local.shape) into `local`, in local's dtype. Error(usage) if there is no
  /// such dataset or it has another shape than `global`, or its bytes are damaged.
  void read(const std::string& dataset, const Shape& global, const Shape& begin, const Tensor& local) const;
  /// A box of it, as fp64.
  void read(const std::string& dataset, const maps::Box& box, std::span<double> numbers) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// A tensor cut, in order, into what is read at once.
std::vector<maps::Box> pieces_of(const Checkpoint::Entry& entry);

}  // namespace heddle::io
