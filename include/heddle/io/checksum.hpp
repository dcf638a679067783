// The checksum of texts and numbers in files.
#pragma once

#include <cstdint>
#include <string_view>

namespace heddle::io {

/// CRC-32 (ISO 3309, as zlib and gzip compute it); `crc` continues an earlier call.
std::uint32_t crc32(std::string_view bytes, std::uint32_t crc = 0);

}  // namespace heddle::io
