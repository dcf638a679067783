#include "emulator/machine/races.hpp"

#include "emulator/machine/program.hpp"

namespace heddle::emulator {

const char* Races::note(std::uint32_t offset, std::int64_t bytes, Touch touch, int warp) {
  if (touch == Touch::atomic) return nullptr;
  for (std::int64_t i = offset; i < offset + bytes; ++i) {
    Touched& t = touched_[i];
    const bool read = t.read == epoch_;
    if (t.written == epoch_ && t.writer != warp)
      return "a race: another warp wrote this since the last barrier";
    if (touch == Touch::write) {
      if (read && t.reader != warp) return "a race: another warp read this since the last barrier";
      t.written = epoch_;
      t.writer = static_cast<std::int16_t>(warp);
    } else {
      t.reader = read && t.reader != warp ? several : static_cast<std::int16_t>(warp);
      t.read = epoch_;
    }
  }
  return nullptr;
}

Races& races() {
  static Races all(most_shared_bytes);
  return all;
}

}  // namespace heddle::emulator
