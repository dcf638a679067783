#include "checkpoint_file.hpp"

#include <filesystem>
#include <utility>

#include "checkpoint_format.hpp"
#include "checkpoint_pieces.hpp"
#include "hdf5.hpp"
#include "heddle/base/disk_space.hpp"

namespace heddle::io {
namespace {

/// No page of it has both numbers and what says where they are, so that rank 0 has none in memory that others write to: caches of a
/// network file system write whole pages.
constexpr std::int64_t page = 4096;

h5::Handle paged(const h5::Handle& access) {
  h5::Handle creation(H5Pcreate(H5P_FILE_CREATE), H5Pclose, access, "prepare a file");
  creation.check(H5Pset_file_space_strategy(creation.id(), H5F_FSPACE_STRATEGY_PAGE, /*persist=*/false, 1),
                 "prepare a file");
  creation.check(H5Pset_file_space_page_size(creation.id(), page), "prepare a file");
  return creation;
}

void write_header(const h5::Handle& file, const CheckpointHeader& header) {
  h5::write_attribute(file, "format", checkpoint_format::name);
  h5::write_attribute(file, "version", checkpoint_format::version);
  h5::write_attribute(file, "step", header.step);
  h5::write_attribute(file, "samples", header.samples);
  h5::write_attribute(file, "learnt", header.learnt);
  if (!header.run.empty()) h5::write_attribute(file, "run", header.run);
  if (!header.tokens.empty()) h5::write_attribute(file, "tokens", header.tokens);
  h5::write_attribute(file, "loss_mean", header.loss_mean);
  h5::write_attribute(file, "loss_steps", header.loss_steps);
  if (header.validation_loss) h5::write_attribute(file, "validation_loss", *header.validation_loss);
  h5::write_attribute(file, "complete", std::int64_t{0});
  h5::write_text(file, "deck", header.deck);
  if (!header.products.empty()) h5::write_text(file, "products", header.products);
}

/// One run of numbers, whose place is known now.
std::int64_t make_place(const h5::Handle& file, const std::string& name, const Listed& listed) {
  const std::vector<hsize_t> extents(listed.global.begin(), listed.global.end());
  const h5::Handle properties(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, file, "prepare a dataset");
  properties.check(H5Pset_alloc_time(properties.id(), H5D_ALLOC_TIME_EARLY), "prepare a dataset");
  properties.check(H5Pset_fill_time(properties.id(), H5D_FILL_TIME_NEVER), "prepare a dataset");
  const hid_t stored = listed.dtype == DType::f64 ? H5T_IEEE_F64LE : H5T_IEEE_F32LE;
  const h5::Handle dataset =
      h5::create_dataset(file, name, stored, h5::simple_space(file, extents), properties.id());
  const haddr_t offset = H5Dget_offset(dataset.id());
  dataset.check(offset == HADDR_UNDEF && listed.bytes() > 0 ? -1 : 0, "find a place for " + name);
  return static_cast<std::int64_t>(offset);
}

/// What the tables of checksums take at most, with what HDF5 says of them and of the datasets.
std::int64_t room_for_tables(const Catalogue& catalogue) {
  constexpr std::int64_t of_a_dataset = 3 * page;
  std::int64_t bytes = 0;
  for (const auto& [name, listed] : catalogue) {
    const std::int64_t columns = 2 * listed.global.rank() + 1;
    std::int64_t pieces = 0;
    for (const auto& parts : listed.parts)
      for (const maps::Box& part : parts) pieces += std::ssize(pieces_of(part, size_of(listed.dtype)));
    bytes += pieces * columns * std::int64_t{sizeof(std::int64_t)} + of_a_dataset;
  }
  return bytes + h5::metadata_of(bytes);
}

/// Beyond what is there.
void reserve_more(const AsideFile& aside, std::int64_t bytes) {
  const auto there = static_cast<std::int64_t>(std::filesystem::file_size(aside.partial()));
  reserve_space(aside.partial(), there + bytes, aside.path());
}

/// "begin, ..., extent, ..., sum".
void add_row(std::vector<std::int64_t>& table, const maps::Box& piece, std::uint32_t sum) {
  for (const maps::Block& block : piece) table.push_back(block.begin);
  for (const maps::Block& block : piece) table.push_back(block.size());
  table.push_back(sum);
}

void write_table(const h5::Handle& file, const std::string& dataset, std::span<const std::int64_t> table,
                 std::int64_t columns) {
  const std::vector<hsize_t> extents = {table.size() / static_cast<hsize_t>(columns),
                                        static_cast<hsize_t>(columns)};
  if (table.empty()) return;
  const h5::Handle rows = h5::create_dataset(file, checkpoint_format::checksums_of(dataset), H5T_STD_I64LE,
                                             h5::simple_space(file, extents),
                                             h5::chunked(file, extents, h5::Checksum::fletcher32).id());
  rows.check(H5Dwrite(rows.id(), H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, table.data()),
             "write the checksums of " + dataset);
}

std::string in_its_folder(const std::string& path) {
  make_folder_of(path);
  return path;
}

/// Blocks that were reserved and not needed are given back.
void release_room(const std::string& place) {
  std::filesystem::resize_file(place, std::filesystem::file_size(place));
}

}  // namespace

CheckpointFile::CheckpointFile(const std::string& path, Catalogue catalogue)
    : catalogue_(std::move(catalogue)), aside_(in_its_folder(path)) {}

std::int64_t CheckpointFile::bytes() const {
  std::int64_t bytes = 0;
  for (const auto& [name, listed] : catalogue_) bytes += listed.bytes();
  return bytes;
}

Offsets CheckpointFile::begin(const CheckpointHeader& header) {
  const h5::Handle access = h5::file_access(aside_.path());
  h5::write_new(
      aside_.partial(), access, [&](const h5::Handle& file) { write_header(file, header); },
      paged(access).id());
  reserve_more(aside_, bytes() + room_for_tables(catalogue_));
  h5::Handle file = h5::open_to_append(aside_.partial(), access, h5::Append::anything);
  Offsets offsets;
  for (const auto& [name, listed] : catalogue_) offsets[name] = make_place(file, name, listed);
  file.close();
  return offsets;
}

void CheckpointFile::finish(const std::vector<std::vector<std::uint32_t>>& sums) {
  reserve_more(aside_, room_for_tables(catalogue_));  // should closing it have given back what was asked for
  h5::Handle file =
      h5::open_to_append(aside_.partial(), h5::file_access(aside_.path()), h5::Append::anything);
  std::vector<std::size_t> next(sums.size());
  for (const auto& [name, listed] : catalogue_) {
    std::vector<std::int64_t> table;
    for (std::size_t rank = 0; rank < listed.parts.size(); ++rank)
      for (const maps::Box& part : listed.parts[rank])
        for (const maps::Box& piece : pieces_of(part, size_of(listed.dtype)))
          add_row(table, piece, sums[rank].at(next[rank]++));
    write_table(file, name, table, 2 * listed.global.rank() + 1);
  }
  h5::write_attribute(file, "complete", std::int64_t{1});
  file.close();
  release_room(aside_.partial());
  aside_.commit();
}

}  // namespace heddle::io
