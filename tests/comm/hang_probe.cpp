// A run that goes wrong in the way that its first argument names; hang_test.py looks at how it ends.
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>

#include "heddle/comm/cartesian.hpp"
#include "heddle/comm/collectives.hpp"
#include "heddle/comm/gather.hpp"
#include "heddle/comm/mpi_handle.hpp"
#include "heddle/comm/point_to_point.hpp"
#include "heddle/comm/subset.hpp"
#include "heddle/comm/watch_over.hpp"
#include "heddle/comm/world.hpp"
#include "heddle/lanes/memory.hpp"
#include "support/late_stream.hpp"
#include "support/message_double.hpp"

namespace {
using namespace heddle;

void receive_from(comm::World& world, int peer, std::int64_t position) {
  double value = 0;
  comm::Request request = comm::start_receive(world.all(), peer, 1, {&value, DType::f64, {}}, {});
  comm::wait(request, {fmt::format("{}F3 from rank {}", world.rank(), peer), peer, position});
}

/// The same by a device's message library: the host hands the wait to the lane and goes on, up to the end of the step.
void receive_on_lane(comm::World& world, int peer, std::int64_t position) {
  const lanes::Lane lane(std::make_shared<tests::LateStream>());
  comm::watch_over(lane, world.all());
  world.send_through(std::make_shared<tests::MessageDouble>(lane));
  comm::CartesianGrid grid(world, maps::Grid({world.size(), 1, 1}), {maps::Axis::data});
  std::set<comm::Channel> channels;
  for (int from = 0; from < world.size(); ++from)
    for (int to = 0; to < world.size(); ++to)
      if (from != to) channels.insert({from, to, 0});
  grid.open_channels(maps::Axis::data, channels);
  const lanes::Memory value(sizeof(double), lane);
  const Tensor tensor{value.data(), DType::f64, {}};
  for (const char* what : {"3", "4"}) {  // the first is the one
    comm::Request request = start_receive(grid.along(maps::Axis::data), peer, {1, 0}, tensor, lane);
    comm::wait(request, {fmt::format("{}F{} from rank {}", world.rank(), what, peer), peer, position++});
  }
  lane.fence("the lane's work of this step");
}

[[noreturn]] void compute_for_ever() {
  for (;;) std::this_thread::sleep_for(std::chrono::seconds(1));
}

/// In a kernel as libraries compile them while they run: no table tells its frame, and the stack's register has another use.
void compute_without_stack() {
#ifdef __x86_64__
  constexpr unsigned char kernel[] = {0x31, 0xe4, 0xf3, 0x90, 0xeb, 0xfc};  // xor esp, esp; 1: pause; jmp 1b
  void* page = mmap(nullptr, sizeof kernel, PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  std::memcpy(page, kernel, sizeof kernel);
  reinterpret_cast<void (*)()>(page)();
#endif
}

/// Linux lets the parent of a child that shares its memory go on, and be interrupted, once that has ended.
void wait_in_kernel() {
  if (const pid_t child = vfork(); child == 0) {
    sleep(10);
    _exit(0);
  }
}

volatile std::sig_atomic_t continued = 0;

/// And a second more, in which the others are asked for what they have done while they were stopped.
void work_until_continued() {
  std::signal(SIGCONT, [](int) { continued = 1; });
  fmt::print("at work\n"), std::fflush(stdout);
  while (!continued) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  std::this_thread::sleep_for(std::chrono::seconds(1));
}

constexpr std::int64_t slow_parts = 9;

void write_slowly() {
  const std::string part(1 << 16, 'x');
  for (std::int64_t i = 0; i < slow_parts; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    std::ofstream("written", std::ios::app) << part;
  }
}

/// Parts of half the timeout each, of which the whole takes four times as long.
void send_slowly(comm::World& world, int peer) {
  for (std::int64_t i = 0; i < slow_parts; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    double value = 0;
    comm::Request request = comm::start_send(world.all(), peer, 1, {&value, DType::f64, {}}, {});
    comm::wait(request, {"a part to be taken"});
  }
}

// What ranks do together before and after the steps.
void set_up(comm::World& world, const std::string& mode) {
  if (mode == "throws_before_grid")
    comm::CartesianGrid grid(world, maps::Grid({world.size(), 1, 1}), {maps::Axis::data});
  else if (mode == "throws_before_subset")
    comm::subset(world.all(), comm::Membership::member);
  else if (mode == "throws_before_gather")
    comm::gather(world.all(), "an event", comm::Receivers::first, "the events");
  else if (mode == "throws_before_gather_to_all")
    comm::gather(world.all(), "an event", comm::Receivers::all, "the events");
  else
    throw Error(ExitCode::failure, "unknown mode " + mode);
}

void go_wrong(comm::World& world, const std::string& mode, int culprit) {
  const bool guilty = world.rank() == culprit;
  const int next = (culprit + 1) % world.size();
  if (mode == "silent")  // never sends, but waits itself
    receive_from(world, guilty ? next : culprit, guilty ? 7 : 12);
  else if (mode == "silent_on_lane")
    receive_on_lane(world, guilty ? next : culprit, guilty ? 7 : 12);
  else if (mode == "busy" || mode == "without_stack" || mode == "in_kernel" || mode == "stopped") {
    if (guilty && mode == "stopped") std::raise(SIGSTOP);
    if (guilty && mode == "without_stack") compute_without_stack();
    if (guilty && mode == "in_kernel") wait_in_kernel();
    if (guilty) compute_for_ever();
    receive_from(world, culprit, 12);
  } else if (mode == "stopped_in_library") {  // in which all others wait for it
    const comm::Away away(world.all(), "writing a file");
    if (guilty) std::raise(SIGSTOP);
    MPI_Barrier(comm::mpi_handle(world.all()));
  } else if (mode == "stopped_while_one_works") {  // for three quarters of the timeout, which is 2 s
    if (guilty) std::raise(SIGSTOP);
    if (world.rank() == next) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1500));
      world.watchdog().progressed();
    }
    receive_from(world, culprit, 12);
  } else if (mode == "stopped_at_start") {
    if (guilty) std::raise(SIGSTOP);
    MPI_Barrier(comm::mpi_handle(world.all()));
  } else if (mode == "works_until_continued") {
    if (guilty) work_until_continued();
    comm::barrier(world.all(), "the work to be done");
  } else if (mode == "writes_slowly") {  // while all are inside a library
    const comm::Away away(world.all(), "writing a file");
    if (guilty) write_slowly();
    MPI_Barrier(comm::mpi_handle(world.all()));
  } else if (mode == "slow") {  // for longer than the timeout, but one gets on, in sight of nobody else
    if (world.rank() == next) send_slowly(world, culprit);
    if (guilty)
      for (std::int64_t i = 0; i < slow_parts; ++i) receive_from(world, next, i);
    comm::barrier(world.all(), "the work to be done");
  } else if (mode == "order") {  // one rank is still in the collective before
    if (!guilty) comm::all_sum(world.all(), 1, "the gradient's sum");
    comm::barrier(world.all(), "barrier");
  } else if (mode == "throws") {
    if (guilty) throw Error(ExitCode::usage, "the deck is wrong", "only one rank has seen it");
    receive_from(world, culprit, 12);
  } else if (mode == "throws_amid_traffic") {  // what is under way is abandoned
    static double numbers[2][1 << 16];
    const Tensor out{numbers[0], DType::f64, {1 << 16}}, in{numbers[1], DType::f64, {1 << 16}};
    comm::Request a = comm::start_receive(world.all(), culprit, 2, in, {});
    comm::Request b = comm::start_send(world.all(), culprit, 3, out, {});
    if (guilty) throw Error(ExitCode::numbers, "the loss is not a number");
    comm::all_sum(world.all(), 1, "the loss");
  } else if (mode == "throws_amid_collectives") {  // whose memory is kept
    static double sums[1 << 16];
    const Tensor gradient{sums, DType::f64, {1 << 16}};
    if (guilty) throw Error(ExitCode::failure, "the disk is full");
    comm::Request bucket = comm::start_all_reduce(world.all(), comm::Reduction::sum, gradient, gradient, {});
    comm::all_sum(world.all(), 1, "the loss");
  } else {
    if (guilty) throw Error(ExitCode::numbers, "only one rank has seen it");
    set_up(world, mode);
  }
}
}  // namespace

int main(int argc, char** argv) {
  comm::World world(argc, argv);
  world.watchdog().set_timeout(argc > 3 ? std::stod(argv[3]) : 1, 1);
  const std::string mode = argc > 1 ? argv[1] : "";
  const int culprit = argc > 2 ? std::stoi(argv[2]) : 0;
  return static_cast<int>(world.run([&] { go_wrong(world, mode, culprit); }));
}
