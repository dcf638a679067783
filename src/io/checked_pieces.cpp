#include "checked_pieces.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <span>
#include <utility>

#include "checkpoint_format.hpp"
#include "heddle/base/checkpoint_chunk.hpp"
#include "heddle/io/checksum.hpp"

namespace heddle::io {
namespace {

std::string text_of(const maps::Box& box) {
  std::vector<std::string> blocks;
  for (const maps::Block& block : box) blocks.push_back(fmt::format("{}:{}", block.begin, block.end));
  return fmt::format("{}", fmt::join(blocks, ", "));
}

[[noreturn]] void refuse(const h5::Handle& source, const std::string& name, const std::string& why) {
  throw Error(ExitCode::usage, fmt::format("{}: cannot read {}", source.path(), name), why);
}

/// The table, row by row.
std::vector<std::int64_t> table_of(const h5::Handle& file, const std::string& dataset, std::size_t columns) {
  const std::string name = checkpoint_format::checksums_of(dataset);
  const h5::Handle table = h5::open_dataset(file, name);
  h5::demand_possible(table, name);
  const std::vector<hsize_t> extents = h5::extents_of(table);
  if (extents.size() != 2 || extents[1] != columns)
    refuse(
        file, name,
        fmt::format("it has the shape [{}] and should have {} columns", fmt::join(extents, ", "), columns));
  std::vector<std::int64_t> numbers(extents[0] * extents[1]);
  table.check(H5Dread(table.id(), H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers.data()),
              "read " + name);
  return numbers;
}

/// Of a row of the table.
maps::Box box_in(const h5::Handle& file, const std::string& table, const Checkpoint::Entry& entry,
                 std::span<const std::int64_t> row) {
  const int rank = entry.shape.rank();
  maps::Box box;
  for (int dim = 0; dim < rank; ++dim) {
    const std::int64_t begin = row[dim], size = row[rank + dim], extent = entry.shape[dim];
    if (begin < 0 || size < 1 || begin >= extent || size > extent - begin)
      refuse(file, table, fmt::format("no piece of {} numbers can begin at {} in dim {}", size, begin, dim));
    box.push_back({begin, begin + size});
  }
  if (box.count() * size_of(entry.dtype) > checkpoint_chunk)
    refuse(file, table, fmt::format("a piece [{}] is too large", text_of(box)));
  return box;
}

bool must_have_one(const h5::Handle& file, const std::string& dataset, const Checkpoint::Entry& entry) {
  const bool state = dataset.starts_with(parameter_dataset("")) || dataset.starts_with("optimizer/");
  return state && entry.shape.count() > 0 && h5::read_integer(file, "version") > 1;
}

}  // namespace

void read_box(const h5::Handle& source, const std::string& name, const Shape& global, const maps::Box& box,
              const Tensor& local) {
  const h5::Handle place = h5::block_of(source, global, box.origin(), local.shape);
  const h5::Handle memory =
      h5::simple_space(source, std::vector<hsize_t>(local.shape.begin(), local.shape.end()));
  source.check(
      H5Dread(source.id(), h5::native_type(local.dtype), memory.id(), place.id(), H5P_DEFAULT, local.data),
      "read " + name);
}

CheckedPieces::CheckedPieces(const h5::Handle& file, std::string name, const Checkpoint::Entry& entry)
    : name_(std::move(name)),
      entry_(entry),
      known_(h5::exists(file, checkpoint_format::checksums_of(name_))) {
  if (!known_ && must_have_one(file, name_, entry))
    refuse(file, name_, "there are no checksums of it: the file is not whole");
  if (!known_) return;
  const std::size_t columns = 2 * static_cast<std::size_t>(entry.shape.rank()) + 1;
  const std::vector<std::int64_t> table = table_of(file, name_, columns);
  for (std::size_t row = 0; row < table.size(); row += columns) {
    const auto numbers = std::span(table).subspan(row, columns);
    pieces_.push_back({box_in(file, checkpoint_format::checksums_of(name_), entry, numbers), numbers.back()});
  }
}

void CheckedPieces::check(const h5::Handle& source, Piece& piece) const {
  if (piece.checked) return;
  std::vector<std::byte> bytes(static_cast<std::size_t>(piece.box.count() * size_of(entry_.dtype)));
  read_box(source, name_, entry_.shape, piece.box, {bytes.data(), entry_.dtype, piece.box.shape()});
  if (crc32({reinterpret_cast<const char*>(bytes.data()), bytes.size()}) != piece.sum)
    refuse(source, name_,
           fmt::format("the checksum of [{}] is another: the file is damaged", text_of(piece.box)));
  piece.checked = true;
}

void CheckedPieces::check(const h5::Handle& source, const maps::Box& box) {
  if (!known_) return;
  std::int64_t covered = 0;
  for (Piece& piece : pieces_) {
    const std::int64_t shared = maps::intersect(piece.box, box).count();
    if (shared > 0) check(source, piece);
    covered += shared;
  }
  if (covered != box.count())
    refuse(source, name_,
           fmt::format("{} of the {} numbers of [{}] have a checksum", covered, box.count(), text_of(box)));
}

}  // namespace heddle::io
