// Parallel writing of a checkpoint: all ranks agree on the list of datasets, then write them one
// by one together.
#include <algorithm>
#include <filesystem>
#include <optional>
#include <vector>

#include "checkpoint_catalogue.hpp"
#include "checkpoint_format.hpp"
#include "hdf5.hpp"
#include "heddle/base/aside_file.hpp"
#include "heddle/base/checkpoint_slab.hpp"
#include "heddle/base/disk_space.hpp"
#include "heddle/comm/mpi_handle.hpp"
#include "heddle/comm/watch_over.hpp"
#include "heddle/io/checkpoint.hpp"
#include "heddle/maps/box.hpp"
#include "together.hpp"

namespace heddle::io {
namespace {

/// Of whole rows.
std::vector<hsize_t> chunk_of(const Shape& shape, DType dtype) {
  std::vector<hsize_t> chunk;
  std::int64_t bytes = shape.count() * size_of(dtype);
  for (std::int64_t extent : shape) {
    const std::int64_t row = std::max<std::int64_t>(1, extent == 0 ? 0 : bytes / extent);
    const std::int64_t rows =
        std::clamp<std::int64_t>(checkpoint_chunk / row, 1, std::max<std::int64_t>(extent, 1));
    chunk.push_back(static_cast<hsize_t>(rows));
    bytes = row;
  }
  return chunk;
}

/// Of all datasets; each brings an index and a header of its own.
std::int64_t stored_bytes(const Catalogue& catalogue) {
  constexpr std::int64_t of_a_dataset = 8 << 10;
  std::int64_t bytes = 0;
  for (const auto& [name, one] : catalogue) {
    const auto chunk = chunk_of(one.global, one.dtype);
    std::int64_t chunks = 1, numbers = 1;
    for (int dim = 0; dim < one.global.rank(); ++dim) {
      const auto extent = static_cast<std::int64_t>(chunk[static_cast<std::size_t>(dim)]);
      chunks *= (one.global[dim] + extent - 1) / extent;
      numbers *= extent;
    }
    bytes += chunks * (numbers * size_of(one.dtype) + h5::checksum_bytes) + of_a_dataset;
  }
  return bytes;
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
}

/// By one rank: a file with all but its numbers, and room on the disk for these. Afterwards no rank can run out of it while others write.
void begin_file(const AsideFile& aside, const CheckpointHeader& header, const Catalogue& catalogue) {
  h5::write_new(aside.partial(), h5::file_access(aside.path()), [&](const h5::Handle& file) {
    write_header(file, header);
    h5::write_text(file, "deck", header.deck);
    if (!header.products.empty()) h5::write_text(file, "products", header.products);
  });
  const std::int64_t numbers = stored_bytes(catalogue);
  const auto texts = static_cast<std::int64_t>(std::filesystem::file_size(aside.partial()));
  reserve_space(aside.partial(), texts + numbers + h5::metadata_of(numbers), aside.path());
}

/// Collective, as all that follows.
h5::Handle open_parallel(const std::string& path, const std::string& partial, MPI_Comm group) {
  const h5::Handle access = h5::file_access(path);
  access.check(H5Pset_fapl_mpio(access.id(), group, MPI_INFO_NULL), "prepare parallel access");
  access.check(H5Pset_coll_metadata_write(access.id(), true), "prepare parallel access");
  return h5::open_to_append(partial, access, h5::Append::anything);
}

/// Cuts a dataset, where its chunks end, into slabs, in order.
void add_slabs(std::vector<maps::Box>& slabs, const maps::Box& box, std::span<const hsize_t> chunk,
               std::int64_t element) {
  const std::int64_t bytes = box.count() * element;
  const auto chunk_in = [&](int dim) {
    return static_cast<std::int64_t>(chunk[static_cast<std::size_t>(dim)]);
  };
  int dim = 0;
  while (dim < box.rank() && box[dim].size() <= chunk_in(dim)) ++dim;
  if (bytes <= checkpoint_slab || dim == box.rank()) return slabs.push_back(box);
  const std::int64_t fit = checkpoint_slab / (bytes / box[dim].size()) / chunk_in(dim) * chunk_in(dim);
  maps::Box part = box;
  for (std::int64_t begin = box[dim].begin; begin < box[dim].end; begin = part[dim].end) {
    part[dim] = {begin, std::min(box[dim].end, begin + std::max(fit, chunk_in(dim)))};
    add_slabs(slabs, part, chunk, element);
  }
}

maps::Box box_of(const Shape& begin, const Shape& count) { return maps::shift(maps::Box(count), begin); }

/// What `mine`, null where this rank has no part, shares with a slab. Who shares nothing selects nothing, yet takes part in the
/// collective transfer.
void write_slab(const h5::Handle& dataset, const maps::Box& slab, const Announcement& one,
                const Shard* mine) {
  const maps::Box held = mine ? box_of(mine->begin, mine->local.shape) : maps::Box(),
                  shared = mine ? maps::intersect(slab, held) : maps::Box::nothing(one.global.rank());
  Shape begin, within;
  for (int dim = 0; dim < shared.rank(); ++dim) {
    begin.push_back(shared[dim].begin);
    within.push_back(shared.empty() ? 0 : shared[dim].begin - held[dim].begin);
  }
  const h5::Handle place = h5::block_of(dataset, one.global, begin, shared.shape());
  const h5::Handle memory =
      h5::block_of(dataset, mine ? mine->local.shape : one.global, within, shared.shape());
  if (!mine) {  // a dataset of no dims has no block of no extent
    place.check(H5Sselect_none(place.id()), "select nothing");
    memory.check(H5Sselect_none(memory.id()), "select nothing");
  }
  const h5::Handle transfer(H5Pcreate(H5P_DATASET_XFER), H5Pclose, dataset, "prepare a transfer");
  transfer.check(H5Pset_dxpl_mpio(transfer.id(), H5FD_MPIO_COLLECTIVE), "prepare a transfer");
  const std::int64_t nothing = 0;
  dataset.check(H5Dwrite(dataset.id(), h5::native_type(one.dtype), memory.id(), place.id(), transfer.id(),
                         mine ? mine->local.data : &nothing),
                std::string("write dataset ") + one.dataset);
}

h5::Handle make_dataset(const h5::Handle& file, const std::string& name, const Announcement& one) {
  const std::vector<hsize_t> extents(one.global.begin(), one.global.end());
  const h5::Handle properties =
      extents.empty() ? h5::Handle(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, file, "prepare a dataset")
                      : h5::chunked(file, chunk_of(one.global, one.dtype), h5::Checksum::fletcher32);
  const hid_t stored = one.dtype == DType::f64 ? H5T_IEEE_F64LE : H5T_IEEE_F32LE;
  return h5::create_dataset(file, name, stored, h5::simple_space(file, extents), properties.id());
}

/// Slab by slab, after each of which the ranks agree: one that cannot go on leaves nobody in the next one's transfer.
void write_dataset(const comm::Communicator& ranks, const h5::Handle& file, const std::string& name,
                   const Announcement& one, const Shard* mine) {
  h5::Handle dataset;
  together(ranks, [&] { dataset = make_dataset(file, name, one); });
  for (const maps::Box& slab : slabs_of({one.global, one.dtype}))
    together(ranks, [&] { write_slab(dataset, slab, one, mine); });
}

const Shard* find_written(std::span<const Shard> shards, const std::string& dataset) {
  const auto found = std::find_if(shards.begin(), shards.end(), [&](const Shard& shard) {
    return shard.dataset == dataset && shard.writes && shard.local.count() > 0;
  });
  return found == shards.end() ? nullptr : &*found;
}

}  // namespace

std::vector<maps::Box> slabs_of(const Checkpoint::Entry& entry) {
  std::vector<maps::Box> slabs;
  add_slabs(slabs, maps::Box(entry.shape), chunk_of(entry.shape, entry.dtype), size_of(entry.dtype));
  return slabs;
}

void write_checkpoint(const comm::Communicator& ranks, const std::string& path,
                      const CheckpointHeader& header, std::span<const Shard> shards) {
  const MPI_Comm group = comm::mpi_handle(ranks);
  const bool leads = ranks.rank() == 0;
  const comm::Away away(ranks, "writing " + path);
  const Catalogue catalogue = agree_on_catalogue(ranks, shards);
  std::optional<AsideFile> aside;
  together(ranks, [&] {
    if (!leads) return;
    make_folder_of(path);
    begin_file(aside.emplace(path), header, catalogue);
  });

  h5::Handle file;
  together(ranks, [&] { file = open_parallel(path, AsideFile::partial_name(path), group); });
  for (const auto& [name, one] : catalogue) write_dataset(ranks, file, name, one, find_written(shards, name));

  // The mark goes in only when everything else has been written, and the file is named only after the mark.
  together(ranks, [&] { file.check(H5Fflush(file.id(), H5F_SCOPE_GLOBAL), "flush the file"); });
  together(ranks, [&] {
    h5::write_attribute(file, "complete", std::int64_t{1});
    file.close();
  });
  together(ranks, [&] {
    if (leads) aside->commit();
  });
}

}  // namespace heddle::io
