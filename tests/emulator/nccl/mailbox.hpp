// Bytes from one process to another, through a ring in memory that they share.
#pragma once
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>

namespace heddle::emulator {

class Mailbox {
 public:
  std::uint64_t readable() const { return written_ - read_; }
  std::uint64_t writable() const { return room - readable(); }

  void write(const void* from, std::uint64_t bytes) {
    each_piece(written_, bytes, [&](char* place, std::uint64_t done, std::uint64_t n) {
      std::memcpy(place, static_cast<const char*>(from) + done, n);
    });
    written_ += bytes;
  }
  void read(void* to, std::uint64_t bytes) {
    each_piece(read_, bytes, [&](const char* place, std::uint64_t done, std::uint64_t n) {
      std::memcpy(static_cast<char*>(to) + done, place, n);
    });
    read_ += bytes;
  }

 private:
  static constexpr std::uint64_t room = 1 << 16;

  template <class F>
  void each_piece(std::uint64_t at, std::uint64_t bytes, F f) {
    for (std::uint64_t done = 0; done < bytes;) {
      const std::uint64_t place = (at + done) % room, n = std::min(bytes - done, room - place);
      f(data_ + place, done, n);
      done += n;
    }
  }

  std::atomic<std::uint64_t> written_, read_;  // 0 in new memory
  char data_[room];
};

}  // namespace heddle::emulator
