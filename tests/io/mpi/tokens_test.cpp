// Ranks check a token file together.
#include <gtest/gtest.h>

#include <fstream>
#include <vector>

#include "../../support/expect_error.hpp"
#include "../../support/shared_folder.hpp"
#include "heddle/io/token_file.hpp"

namespace heddle::io {
namespace {

using tests::world;

/// Eight pieces of a MiB, of which those are damaged that are given.
void write(const std::string& path, std::initializer_list<std::size_t> damaged) {
  constexpr std::size_t piece = 1 << 20;
  TokenFileWriter writer(path, {}, "text.txt");
  std::vector<std::int32_t> ids;
  for (std::size_t i = 0; i < 8 * piece; ++i) ids.push_back(static_cast<std::int32_t>(i / piece));
  writer.append(ids);
  writer.finish(0);
  std::string bytes = tests::bytes_of(path);
  for (const std::size_t i : damaged) bytes[bytes.find(std::string(1000, static_cast<char>(i)))] ^= 64;
  std::ofstream(path, std::ios::binary) << bytes;
}

TEST(Tokens, EveryRankHearsWhatIsWrongFirst) {
  const tests::SharedFolder folder;
  if (world().rank() == 0) {
    write(folder / "whole.h5", {});
    write(folder / "damaged.h5", {7, 3});
  }
  comm::barrier(world().all(), "the tokens");
  EXPECT_NO_THROW(verify(world().all(), TokenFile(folder / "whole.h5")));
  tests::expect_error(ExitCode::usage, {"damaged.h5", "cannot read tokens 3145728 to 4194304", "checksum"},
                      [&] { verify(world().all(), TokenFile(folder / "damaged.h5")); });
}

}  // namespace
}  // namespace heddle::io
