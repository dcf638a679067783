#include "heddle/io/checkpoint.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "checked_pieces.hpp"
#include "checkpoint_format.hpp"
#include "hdf5.hpp"

namespace heddle::io {
namespace {

[[noreturn]] void refuse(const std::string& path, const std::string& problem, const std::string& why,
                         const std::string& fix = "") {
  throw Error(ExitCode::usage, path + ": " + problem, why, fix);
}

CheckpointHeader read_header(const h5::Handle& file) {
  const auto& path = file.path();
  if (!h5::has_attribute(file, "format") || h5::read_string(file, "format") != checkpoint_format::name)
    refuse(path, "this is no checkpoint", "its attribute `format` is not `heddle checkpoint`");
  if (const auto version = h5::read_integer(file, "version");
      version < 1 || version > checkpoint_format::version)
    refuse(path, fmt::format("checkpoint of version {}", version),
           fmt::format("this program reads versions 1 to {}", checkpoint_format::version));
  if (!h5::has_attribute(file, "complete") || h5::read_integer(file, "complete") != 1)
    refuse(path, "the checkpoint is not complete", "its writer was stopped before the end",
           "take an older one");
  const auto count = [&](const char* name) {
    const std::int64_t number = h5::read_integer(file, name);
    if (number < 0) refuse(path, fmt::format("its attribute {} is {}", name, number), "it counts something");
    return number;
  };
  const auto attribute = [&](const char* name) {
    return h5::has_attribute(file, name) ? h5::read_string(file, name) : std::string();
  };
  return {.step = count("step"),
          .samples = count("samples"),
          .deck = h5::read_text(file, "deck"),
          .products = h5::exists(file, "products") ? h5::read_text(file, "products") : "",
          .run = attribute("run"),
          .tokens = attribute("tokens"),
          .loss_mean = h5::has_attribute(file, "loss_mean") ? h5::read_real(file, "loss_mean") : 0.0,
          .loss_steps = h5::has_attribute(file, "loss_steps") ? count("loss_steps") : 0,
          .learnt = count(h5::has_attribute(file, "learnt") ? "learnt" : "samples"),
          .validation_loss = h5::has_attribute(file, "validation_loss")
                                 ? std::optional(h5::read_real(file, "validation_loss"))
                                 : std::nullopt};
}

/// The number type and shape of a dataset; nothing for what is not numbers, such as the deck.
std::optional<Checkpoint::Entry> entry_of(const h5::Handle& dataset) {
  const h5::Handle type(H5Dget_type(dataset.id()), H5Tclose, dataset, "read a dataset's type");
  if (H5Tget_class(type.id()) != H5T_FLOAT) return std::nullopt;
  Checkpoint::Entry entry;
  entry.dtype = H5Tget_size(type.id()) == 8 ? DType::f64 : DType::f32;
  for (hsize_t extent : h5::extents_of(dataset)) entry.shape.push_back(static_cast<std::int64_t>(extent));
  return entry;
}

void list(const h5::Handle& group, const std::string& prefix,
          std::map<std::string, Checkpoint::Entry>& entries) {
  for (const auto& name : h5::names_in(group)) {
    if (prefix.empty() && name == checkpoint_format::checksums) continue;
    H5O_info_t info;
    group.check(H5Oget_info_by_name(group.id(), name.c_str(), &info, H5P_DEFAULT),
                "look at " + prefix + name);
    if (info.type == H5O_TYPE_GROUP) {
      list(h5::open_group(group, name), prefix + name + "/", entries);
    } else if (info.type == H5O_TYPE_DATASET) {
      const h5::Handle dataset = h5::open_dataset(group, name);
      if (const auto entry = entry_of(dataset)) {
        h5::demand_written(dataset, prefix + name);
        entries.emplace(prefix + name, *entry);
      }
    }
  }
}

std::string text_of(const Shape& shape) {
  return fmt::format("[{}]", fmt::join(shape.begin(), shape.end(), ", "));
}

}  // namespace

std::string parameter_dataset(const std::string& parameter) { return "parameters/" + parameter; }
std::string first_moment_dataset(const std::string& parameter) { return "optimizer/first/" + parameter; }
std::string second_moment_dataset(const std::string& parameter) { return "optimizer/second/" + parameter; }

struct Checkpoint::State {
  h5::Handle file;
  CheckpointHeader header;
  std::map<std::string, Entry> entries;
  std::map<std::string, CheckedPieces> checked = {};  ///< of the datasets that were read
};

Checkpoint::Checkpoint(const std::string& path) : state_(new State) {
  state_->file = h5::open_to_read(path, h5::file_access(path));
  state_->header = read_header(state_->file);
  list(state_->file, "", state_->entries);
}

Checkpoint::Checkpoint(Checkpoint&&) noexcept = default;
Checkpoint& Checkpoint::operator=(Checkpoint&&) noexcept = default;
Checkpoint::~Checkpoint() = default;

const CheckpointHeader& Checkpoint::header() const { return state_->header; }
const std::map<std::string, Checkpoint::Entry>& Checkpoint::entries() const { return state_->entries; }

void Checkpoint::read(const std::string& dataset, const maps::Box& box, std::span<double> numbers) const {
  Shape begin;
  for (const maps::Block& block : box) begin.push_back(block.begin);
  read(dataset, state_->entries.at(dataset).shape, begin, {numbers.data(), DType::f64, box.shape()});
}

void Checkpoint::read(const std::string& dataset, const Shape& global, const Shape& begin,
                      const Tensor& local) const {
  const auto& path = state_->file.path();
  const auto entry = state_->entries.find(dataset);
  if (entry == state_->entries.end()) {
    const std::string any = state_->entries.empty() ? "nothing" : state_->entries.begin()->first;
    refuse(path, "the checkpoint has no " + dataset,
           fmt::format("it holds {} datasets, the first is {}", state_->entries.size(), any),
           "the deck's model must be the one that was saved");
  }
  if (!(entry->second.shape == global))
    refuse(path, fmt::format("{} has the shape {}", dataset, text_of(entry->second.shape)),
           fmt::format("the deck's model needs {}", text_of(global)));

  if (local.count() == 0) return;
  const h5::Handle source = h5::open_dataset(state_->file, dataset);
  const maps::Box box = maps::shift(maps::Box(local.shape), begin);
  state_->checked.try_emplace(dataset, state_->file, dataset, entry->second).first->second.check(source, box);
  read_box(source, dataset, entry->second.shape, box, local);
}

}  // namespace heddle::io
