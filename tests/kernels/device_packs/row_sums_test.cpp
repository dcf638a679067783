// Sums over rows in two stages: rows of many groups, blocks of columns, memory that is aligned and not.
#include "../../../src/kernels/row_sums.hpp"

#include "../arrays.hpp"
#include "heddle/kernels/column_sum.hpp"

namespace heddle::kernels {
namespace {

TEST(RowGroups, CoverAllRowsAndFitTheirRoom) {
  for (std::int64_t rows : {0, 1, 8, 9, 1000, 4096, 32768, 1000003})
    for (std::int64_t width : {1, 768, 1600, 6400, 50304}) {
      const RowGroups<BFloat16, 2> by(rows, width);
      EXPECT_GE(by.groups * by.group_rows, rows);
      EXPECT_LT((by.groups - 1) * by.group_rows, std::max<std::int64_t>(rows, 1));
      EXPECT_LE(by.groups, by.most_groups);
      EXPECT_LE(by.groups * width * 2 * std::int64_t{sizeof(float)}, device_rooms::group_sums);
    }
}

/// Elements of rows that begin `apart` numbers behind aligned memory.
TEST(RowSums, AgreeWithTheirReferenceOverManyGroups) {
  for (DType type : real_types)
    for (std::int64_t apart : {0, 1})
      for (std::int64_t rows : {8, 100, 5000})
        for (std::int64_t width : {8, 19, 264}) {
          const Vector values = random_values(apart + rows * width, 1), before = random_values(width, 2);
          const Array all(type, {apart + rows * width}, values);
          Tensor dy = all;
          dy.data = static_cast<char*>(dy.data) + apart * size_of(type);
          dy.shape = {rows, width};
          Array sum(compute_type(type), {width}, before), again(compute_type(type), {width}, before);
          column_sum(lane(), dy, sum, Write::accumulate);
          const Vector x(values.begin() + apart, values.end());
          expect_close(sum, reference::add(before, reference::column_sum(x, rows, width)));
          column_sum(lane(), dy, again, Write::accumulate);
          EXPECT_TRUE(again.same_bits(sum));
        }
}

}  // namespace
}  // namespace heddle::kernels
