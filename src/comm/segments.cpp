#include "segments.hpp"

#include <limits>

#include "heddle/maps/segments.hpp"

namespace heddle::comm {
namespace {

constexpr std::int64_t most_of_a_count = std::numeric_limits<int>::max();  // what an MPI count holds

MPI_Datatype subarray(MPI_Datatype element, const maps::Box& holder, const maps::Box& box) {
  int extents[Shape::max_rank], counts[Shape::max_rank], begins[Shape::max_rank];
  for (int dim = 0; dim < box.rank(); ++dim) {
    HEDDLE_EXPECT(holder[dim].size() <= most_of_a_count);
    extents[dim] = static_cast<int>(holder[dim].size());
    counts[dim] = static_cast<int>(box[dim].size());
    begins[dim] = static_cast<int>(box[dim].begin - holder[dim].begin);
  }
  MPI_Datatype type;
  check(MPI_Type_create_subarray(box.rank(), extents, counts, begins, MPI_ORDER_C, element, &type),
        "MPI_Type_create_subarray");
  check(MPI_Type_commit(&type), "MPI_Type_commit");
  return type;
}

// MPI lets go of a type once the messages that use it are through.
void free_type(MPI_Datatype* type) {
  int finalized = 0;
  MPI_Finalized(&finalized);
  if (!finalized) MPI_Type_free(type);
  delete type;
}

}  // namespace

Segment::Segment(DType dtype, const maps::Box& holder, const maps::Box& box) : dtype_(dtype) {
  if (box.empty()) return;
  if (maps::contiguous(holder, box)) {
    for (int dim = 0; dim < box.rank(); ++dim)
      offset_ = offset_ * holder[dim].size() + box[dim].begin - holder[dim].begin;
    offset_ *= size_of(dtype);
    count_ = static_cast<int>(box.count());
  } else {
    derived_ = {new MPI_Datatype(subarray(mpi_type(dtype), holder, box)), free_type};
    count_ = 1;
  }
}

void merge_common_dims(const std::vector<maps::Box*>& boxes) {
  for (int dim = boxes.front()->rank() - 1; dim > 0; --dim) {
    const maps::Block common = (*boxes.front())[dim];
    bool merge = true;
    for (const maps::Box* box : boxes)
      merge = merge && (*box)[dim] == common && (*box)[dim - 1].end * common.size() <= most_of_a_count;
    if (!merge) continue;
    for (maps::Box* box : boxes) {
      maps::Box merged;
      for (int d = 0; d < box->rank(); ++d) {
        if (d == dim) continue;
        const maps::Block block = (*box)[d];
        merged.push_back(d == dim - 1 ? maps::Block{block.begin * common.size(), block.end * common.size()}
                                      : block);
      }
      *box = merged;
    }
  }
}

}  // namespace heddle::comm
