#include "heddle/comm/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "board.hpp"
#include "communicator_handle.hpp"
#include "heddle/base/outcome.hpp"
#include "heddle/base/terminal.hpp"
#include "heddle/comm/carrier.hpp"

namespace heddle::comm {
namespace {

struct Library {
  Library(int& argc, char**& argv) {
    // Ranks may outnumber cores without the launcher knowing it; a rank that spins then makes all of them
    // crawl. Open MPI reads this when it starts, others ignore it.
    setenv("OMPI_MCA_mpi_yield_when_idle", "1", 0);
    int provided = 0;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided);
    if (provided < MPI_THREAD_MULTIPLE) {
      print_error(
          "heddle: this MPI lets one thread call it (the watchdog has its own); take a build of it with "
          "MPI_THREAD_MULTIPLE");
      MPI_Abort(MPI_COMM_WORLD, static_cast<int>(ExitCode::failure));
    }
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  }
  ~Library() { MPI_Finalize(); }
};

/// The message of a rank that fails while others are in a library, where they hear of nothing: it may be all that anybody sees.
class Untold {
 public:
  Untold(std::string message, int rank) : message_(std::move(message)), rank_(rank) {}
  void tell_if_late() {
    if (message_.empty() || Clock::now() - begin_ < std::chrono::seconds(10)) return;
    print_error(fmt::format("heddle: rank {} fails, and other ranks do not answer yet: {}", rank_,
                            std::exchange(message_, "")));
  }

 private:
  using Clock = std::chrono::steady_clock;
  std::string message_;
  int rank_;
  Clock::time_point begin_ = Clock::now();
};

MPI_Comm duplicate_of_world() {
  MPI_Comm comm = MPI_COMM_NULL;
  check(MPI_Comm_dup(MPI_COMM_WORLD, &comm), "MPI_Comm_dup");
  return comm;
}

std::vector<std::string> host_of_every_rank(MPI_Comm comm, int size) {
  constexpr int width = MPI_MAX_PROCESSOR_NAME;
  std::string mine = this_host();
  mine.resize(width);
  std::vector<char> all(static_cast<std::size_t>(size) * width);
  check(MPI_Allgather(mine.data(), width, MPI_CHAR, all.data(), width, MPI_CHAR, comm), "MPI_Allgather");
  std::vector<std::string> hosts;
  for (int rank = 0; rank < size; ++rank) hosts.emplace_back(&all[static_cast<std::size_t>(rank) * width]);
  return hosts;
}

}  // namespace

std::string this_host() {
  char name[MPI_MAX_PROCESSOR_NAME] = "";
  int length = 0;
  check(MPI_Get_processor_name(name, &length), "MPI_Get_processor_name");
  return name;
}

struct World::Parts {
  Library library;
  Shared shared;
  Communicator all;
  std::vector<std::string> hosts;

  Parts(int& argc, char**& argv)
      : library(argc, argv),
        all(std::make_unique<Communicator::Handle>(duplicate_of_world(), shared)),
        hosts(host_of_every_rank(all.handle().comm, all.size())) {}
};

World::World(int& argc, char**& argv) : parts_(std::make_unique<Parts>(argc, argv)) {
  set_up_libraries(size());
  Watchdog::Board& board = *parts_->shared.watchdog.board_;
  const std::lock_guard hold(board.mutex);
  board.hosts = parts_->hosts;
}
World::~World() { parts_->shared.watchdog.board_->end(); }

int World::rank() const { return parts_->all.rank(); }
int World::size() const { return parts_->all.size(); }
const std::vector<std::string>& World::hosts() const { return parts_->hosts; }
int World::rank_on_host() const {
  const auto mine = hosts().begin() + rank();
  return static_cast<int>(std::count(hosts().begin(), mine, *mine));
}
const Communicator& World::all() const { return parts_->all; }
Watchdog& World::watchdog() { return parts_->shared.watchdog; }
void World::send_through(std::shared_ptr<DeviceMessages> library, Reach mpi) {
  parts_->shared.device = std::move(library);
  parts_->shared.mpi_reaches_devices = mpi == Reach::device;
}

// Runs on the watchdog's communicator: on the others a failing rank may have left collectives unfinished.
ExitCode World::agree(ExitCode code, const std::string& message) {
  Watchdog& dog = parts_->shared.watchdog;
  const MPI_Comm comm = dog.board_->post.comm;
  const bool origin = code != ExitCode::done && !dog.heard_failure();
  Untold untold(origin ? message : "", rank());
  auto finish = [&](MPI_Request request) {
    Wait turn(dog, {"all ranks to agree on how to go on"}, Hearing::nothing);
    for (int flag = 0;; turn.idle()) {
      check(MPI_Test(&request, &flag, MPI_STATUS_IGNORE), "MPI_Test");
      if (flag) return;
      untold.tell_if_late();
    }
  };
  if (origin) dog.tell_failure(code);

  // One maximum finds the worst code and the speaker: among those who failed by themselves, the lowest rank.
  std::int64_t worst = (static_cast<std::int64_t>(code) * 2 + origin) * size() + (size() - 1 - rank());
  MPI_Request request;
  check(MPI_Iallreduce(MPI_IN_PLACE, &worst, 1, MPI_INT64_T, MPI_MAX, comm, &request), "MPI_Iallreduce");
  finish(request);
  const auto agreed = static_cast<ExitCode>(worst / size() / 2);
  if (agreed != ExitCode::done) {
    const int speaker = size() - 1 - static_cast<int>(worst % size());
    std::string text = message;
    std::int64_t length = static_cast<std::int64_t>(text.size());
    check(MPI_Ibcast(&length, 1, MPI_INT64_T, speaker, comm, &request), "MPI_Ibcast");
    finish(request);
    text.resize(length);
    check(MPI_Ibcast(text.data(), static_cast<int>(length), MPI_CHAR, speaker, comm, &request), "MPI_Ibcast");
    finish(request);
    if (rank() == 0 && !text.empty()) print_error(text);
    check(MPI_Ibarrier(comm, &request), "MPI_Ibarrier");
    finish(request);
  }
  dog.end_of_failures();
  return agreed;
}

ExitCode World::run(const std::function<void()>& body) {
  const auto [code, message] = outcome_of(body);
  return agree(code, message);
}

}  // namespace heddle::comm
