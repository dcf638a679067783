#include "heddle/io/checksum.hpp"

#include <libdeflate.h>

namespace heddle::io {

std::uint32_t crc32(std::string_view bytes, std::uint32_t crc) {
  return libdeflate_crc32(crc, bytes.data(), bytes.size());
}

}  // namespace heddle::io
