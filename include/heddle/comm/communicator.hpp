// A group of ranks that exchange messages among themselves.
#pragma once

#include <memory>

namespace heddle::comm {

class Watchdog;

/// Move-only. Made by World and CartesianGrid, which must outlive it. Operations on one communicator are
/// started in the same order by all of its ranks.
class Communicator {
 public:
  struct Handle;  ///< the library's side of it, see mpi_handle.hpp

  explicit Communicator(std::unique_ptr<Handle> handle);
  Communicator(Communicator&&) noexcept;
  Communicator& operator=(Communicator&&) noexcept;
  ~Communicator();

  /// This process's number here, 0 ... size() - 1.
  int rank() const;
  int size() const;
  /// The number of `member` in the whole run, by which hang reports and errors call it.
  int world_rank(int member) const;
  /// That looks after waits on it.
  Watchdog& watchdog() const;

  Handle& handle() const { return *handle_; }

 private:
  std::unique_ptr<Handle> handle_;
};

}  // namespace heddle::comm
