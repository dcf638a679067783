#include "checkpoint_pieces.hpp"

#include <algorithm>

#include "heddle/base/checkpoint_chunk.hpp"
#include "heddle/io/checkpoint.hpp"

namespace heddle::io {
namespace {

void cut(std::vector<maps::Box>& pieces, const maps::Box& box, std::int64_t element) {
  int dim = 0;
  while (dim < box.rank() && box[dim].size() == 1) ++dim;
  const std::int64_t bytes = box.count() * element;
  if (bytes <= checkpoint_chunk || dim == box.rank()) return pieces.push_back(box);
  const std::int64_t rows = std::max<std::int64_t>(1, checkpoint_chunk / (bytes / box[dim].size()));
  maps::Box part = box;
  for (std::int64_t begin = box[dim].begin; begin < box[dim].end; begin = part[dim].end) {
    part[dim] = {begin, std::min(box[dim].end, begin + rows)};
    cut(pieces, part, element);
  }
}

}  // namespace

std::vector<maps::Box> pieces_of(const maps::Box& box, std::int64_t element_bytes) {
  std::vector<maps::Box> pieces;
  if (!box.empty()) cut(pieces, box, element_bytes);
  return pieces;
}

std::vector<maps::Box> pieces_of(const Checkpoint::Entry& entry) {
  return pieces_of(maps::Box(entry.shape), size_of(entry.dtype));
}

}  // namespace heddle::io
