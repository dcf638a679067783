// Pairs of bf16 numbers as factors: how they are laid out, and that they are multiplied alike with and without an
// instruction for it.
#include "../../../src/kernels/factors.hpp"

#include "../arrays.hpp"

namespace heddle::kernels {
namespace {

constexpr int width = pack_width<float>;

std::vector<BFloat16> random_numbers(std::int64_t count, std::uint64_t seed) {
  const Vector values = random_values(count, seed);
  return {values.begin(), values.end()};
}

template <class T>
std::vector<T> elements(Pack<T> pack) {
  std::vector<T> all(width);
  Place<T>{0}.store(all.data(), pack);
  return all;
}

/// Each product is exact in fp32's sum but for its rounding: two additions, of sums that the magnitudes bound.
TEST(Factors, PairsAddTwoProductsToATotal) {
  const auto a = random_numbers(2 * width, 1), b = random_numbers(2 * width, 2);
  const auto totals = random_values(width, 3);
  const std::vector<float> total(totals.begin(), totals.end());
  const auto load = [](const std::vector<BFloat16>& numbers) {
    std::vector<Pair> pairs;
    for (int i = 0; i < width; ++i)
      pairs.push_back(paired<Pair>(numbers[2 * i].bits, numbers[2 * i + 1].bits));
    return Place<Pair>{0}.load(pairs.data());
  };
  const Pack<float> start = Place<float>{0}.load(total.data());
  for (const Pack<float>& sum :
       {add_product<float>(start, load(a), load(b)), add_product_in_halves(start, load(a), load(b))}) {
    const std::vector<float> got = elements<float>(sum);
    for (int i = 0; i < width; ++i) {
      const double first = double(a[2 * i]) * b[2 * i], second = double(a[2 * i + 1]) * b[2 * i + 1];
      const double most = std::abs(total[i]) + std::abs(first) + std::abs(second);
      EXPECT_NEAR(got[i], total[i] + first + second, 2 * std::numeric_limits<float>::epsilon() * most) << i;
    }
  }
}

/// Rows of every length, an odd one's last pair with a zero, columns that fill no pack.
TEST(Factors, RowsAndColumnsArePaired) {
  for (std::int64_t rows : {1, 2, 7, 33})
    for (std::int64_t columns : {2, 6, 2 * width, 2 * width + 2}) {
      const std::int64_t stride = columns + 3, padded_rows = padded<Pair>(rows);
      const std::vector<BFloat16> from = random_numbers(rows * stride, 4);
      std::vector<Pair> by_rows(static_cast<std::size_t>((rows + 1) / 2 * columns), Pair(0xffffffff));
      std::vector<Pair> turned(static_cast<std::size_t>(columns / 2 * padded_rows), Pair(0xffffffff));
      each_row(lane(), "test", 1, [&](const Team& team, std::int64_t) {
        pair_rows<Pair>(team, rows, columns, from.data(), stride, by_rows.data());
        load_transposed_factors<Pair>(team, rows, columns, 1, from.data(), stride, turned.data(),
                                      padded_rows);
      });
      const auto bits = [&](std::int64_t i, std::int64_t d) {
        return i < rows ? std::uint32_t{from[i * stride + d].bits} : 0;
      };
      for (std::int64_t i = 0; i < rows; i += 2)
        for (std::int64_t d = 0; d < columns; ++d)
          ASSERT_EQ(by_rows[i / 2 * columns + d], bits(i, d) | bits(i + 1, d) << 16)
              << rows << " " << i << " " << d;
      for (std::int64_t i = 0; i < padded_rows; ++i)
        for (std::int64_t d = 0; d < columns; d += 2)
          ASSERT_EQ(turned[d / 2 * padded_rows + i], bits(i, d) | bits(i, d + 1) << 16)
              << rows << " " << i << " " << d;
    }
}

}  // namespace
}  // namespace heddle::kernels
