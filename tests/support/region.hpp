// Memory that ends the program when it is touched, except while it is open: that of a device which the host does not
// reach, say.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <vector>

namespace heddle::tests {

/// One a process, of at most 64 GiB at a time.
class Region {
 public:
  static Region& the();

  /// Pages of its own.
  void* allocate(std::size_t bytes);
  void free(void* data, std::size_t bytes);

  /// Whoever lives keeps the region open, for every thread.
  class Opened {
   public:
    Opened() { the().open(); }
    ~Opened() { the().close(); }
    Opened(const Opened&) = delete;
    Opened& operator=(const Opened&) = delete;
  };

 private:
  Region();
  void open();
  void close();
  void protect(int rights);

  std::mutex mutex_;
  std::byte* begin_;
  std::size_t used_ = 0;
  int opened_ = 0;
  std::map<std::size_t, std::vector<void*>> free_;  // by their bytes
};

}  // namespace heddle::tests
