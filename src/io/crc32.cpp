#include <array>

#include "heddle/io/token_file.hpp"

namespace heddle::io {
namespace {

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t rest = byte;
    for (int bit = 0; bit < 8; ++bit) rest = rest & 1u ? 0xEDB88320u ^ rest >> 1 : rest >> 1;
    table[byte] = rest;
  }
  return table;
}

}  // namespace

std::uint32_t crc32(std::string_view bytes, std::uint32_t crc) {
  static constexpr auto table = make_table();
  crc = ~crc;
  for (char byte : bytes) crc = table[(crc ^ static_cast<unsigned char>(byte)) & 0xFFu] ^ crc >> 8;
  return ~crc;
}

}  // namespace heddle::io
