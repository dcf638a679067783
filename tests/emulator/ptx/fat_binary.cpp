#include "emulator/ptx/fat_binary.hpp"

#include <zstd.h>

#include <cstdint>
#include <cstring>

#include "emulator/failure.hpp"

namespace heddle::emulator {
namespace {

struct Wrapper {
  int magic, version;
  const char* data;
};

/// NVIDIA describes neither: as nvcc 13 writes them.
struct Header {
  std::uint32_t magic;
  std::uint16_t version, header_bytes;
  std::uint64_t bytes;
};
struct Entry {
  std::uint16_t kind, version;
  std::uint32_t header_bytes;
  std::uint64_t bytes;
  std::uint32_t compressed_bytes, unknown[5];
  std::uint64_t flags, reserved, whole_bytes;
};
static_assert(sizeof(Entry) == 64);

constexpr std::uint32_t magic_of_fat_binaries = 0xba55ed50;
constexpr std::uint16_t kind_of_ptx = 1;
constexpr std::uint64_t by_zstd = 0x8000, by_lz4 = 0x2000;

template <class T>
T read(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

std::string text_of(const Entry& entry, const char* data) {
  if (entry.flags & by_lz4)
    fail(
        "the program's PTX is compressed by lz4, as CUDA 12 does it, where zstd is expected: compile it by "
        "CUDA 13");
  if (!(entry.flags & by_zstd)) return std::string(data, entry.bytes);
  std::string text(entry.whole_bytes, 0);
  const std::size_t bytes = ZSTD_decompress(text.data(), text.size(), data, entry.compressed_bytes);
  if (ZSTD_isError(bytes)) fail("the program's PTX cannot be read: {}", ZSTD_getErrorName(bytes));
  text.resize(bytes);
  return text;
}

}  // namespace

std::string ptx_of(const void* wrapper) {
  const char* at = static_cast<const Wrapper*>(wrapper)->data;
  const auto header = read<Header>(at);
  if (header.magic != magic_of_fat_binaries) fail("a fat binary begins with {:#x}", header.magic);
  at += header.header_bytes;
  for (const char* end = at + header.bytes; at < end;) {
    const auto entry = read<Entry>(at);
    if (entry.kind == kind_of_ptx) return text_of(entry, at + entry.header_bytes);
    at += entry.header_bytes + entry.bytes;
  }
  return "";
}

}  // namespace heddle::emulator
