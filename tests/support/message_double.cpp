#include "support/message_double.hpp"

#include <fmt/format.h>
#include <mpi.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <functional>
#include <thread>
#include <vector>

#include "heddle/base/error.hpp"
#include "heddle/lanes/memory.hpp"
#include "support/late_stream.hpp"

namespace heddle::tests {
namespace {

MPI_Datatype type_of(DType dtype) {
  return dtype == DType::f64   ? MPI_DOUBLE
         : dtype == DType::f32 ? MPI_FLOAT
         : dtype == DType::i32 ? MPI_INT32_T
                               : MPI_UINT16_T;
}

/// What all ranks of a group must agree on.
struct Record {
  enum Kind { all_reduce, reduce, broadcast, exchange };
  int kind, number, dtype, root;
  std::int64_t count;

  friend bool operator==(const Record&, const Record&) = default;
  std::string text() const {
    constexpr std::array names = {"all_reduce", "reduce", "broadcast", "exchange"};
    return fmt::format("call {} is {} of {} numbers of type {}, root {}", number, names[kind], count, dtype,
                       root);
  }
};

/// MPI's errors are fatal: a double has nobody to tell.
int size_of_group(MPI_Comm comm) {
  int size = 0;
  MPI_Comm_size(comm, &size);
  return size;
}

}  // namespace

/// First the records of all ranks, then the messages.
class MessageDouble::Call {
 public:
  /// Returns how many of the requests, the first, are receives.
  using Start = std::function<std::size_t(std::vector<MPI_Request>&)>;
  Call(MPI_Comm comm, Record record, std::span<const Tensor> tensors, Start start)
      : comm_(comm), record_(record), start_(std::move(start)), records_(size_of_group(comm)) {
    for (const Tensor& tensor : tensors) memory_.push_back(lanes::owner_of(tensor.data));
  }

  /// Never blocks; true once it is done.
  bool move_on() {
    if (!compared_ && pending_.empty())
      MPI_Iallgather(&record_, sizeof(Record), MPI_BYTE, records_.data(), sizeof(Record), MPI_BYTE, comm_,
                     &pending_.emplace_back());
    int all = 0;
    MPI_Testall(static_cast<int>(pending_.size()), pending_.data(), &all, MPI_STATUSES_IGNORE);
    if (!all) return false;
    if (compared_) return true;
    compare();
    pending_.clear();
    receives_ = start_(pending_);
    return false;
  }
  /// Its memory may go: what comes for it is not received. Collectives cannot be cancelled.
  void give_up() {
    for (std::size_t i = 0; i < receives_; ++i)
      if (pending_[i] != MPI_REQUEST_NULL) MPI_Cancel(&pending_[i]);
    finish();
  }
  void finish() {
    const std::lock_guard hold(mutex_);
    done_ = true;
    changed_.notify_all();
  }
  /// Of a lane's thread, which has come to it: returns once the host has done it.
  void wait() {
    std::unique_lock hold(mutex_);
    reached_ = true;
    changed_.wait(hold, [this] { return done_; });
  }
  bool reached() {
    const std::lock_guard hold(mutex_);
    return reached_;
  }

 private:
  void compare() {
    compared_ = true;
    for (std::size_t rank = 0; rank < records_.size(); ++rank)
      if (records_[rank] != record_)
        throw Error(ExitCode::failure,
                    fmt::format("ranks of a group make other calls: here {}", record_.text()),
                    fmt::format("on its rank {} {}", rank, records_[rank].text()));
  }

  MPI_Comm comm_;
  Record record_;
  Start start_;
  std::vector<Record> records_;
  std::vector<std::shared_ptr<void>> memory_;
  std::vector<MPI_Request> pending_;
  std::size_t receives_ = 0;
  bool compared_ = false, reached_ = false, done_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
};

namespace {

class DoubleGroup final : public comm::DeviceMessages::Group {
 public:
  using Message = comm::DeviceMessages::Message;
  DoubleGroup(MessageDouble& all, lanes::Lane lane, MPI_Comm comm)
      : all_(all), lane_(std::move(lane)), comm_(comm) {}
  /// What is enqueued is done first, as long as other ranks do their part.
  ~DoubleGroup() override {
    const lanes::Mark end = lane_.mark("the end of a group");
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!end.passed()) {
      all_.look_after();
      if (std::chrono::steady_clock::now() > give_up) std::abort();
    }
    if (!all_.given_up()) MPI_Comm_free(&comm_);  // where other ranks may still come to it
  }

  const lanes::Lane& lane() const override { return lane_; }
  void all_reduce(const Tensor& in, const Tensor& out) override {
    call(Record::all_reduce, {in, out}, -1, [=, comm = comm_](std::vector<MPI_Request>& pending) {
      MPI_Iallreduce(in.data == out.data ? MPI_IN_PLACE : in.data, out.data, static_cast<int>(in.count()),
                     type_of(in.dtype), MPI_SUM, comm, &pending.emplace_back());
      return 0;
    });
  }
  void reduce(const Tensor& tensor, int root) override {
    int rank = 0;
    MPI_Comm_rank(comm_, &rank);
    call(Record::reduce, {tensor}, root, [=, comm = comm_](std::vector<MPI_Request>& pending) {
      const bool here = rank == root;
      MPI_Ireduce(here ? MPI_IN_PLACE : tensor.data, here ? tensor.data : nullptr,
                  static_cast<int>(tensor.count()), type_of(tensor.dtype), MPI_SUM, root, comm,
                  &pending.emplace_back());
      return 0;
    });
  }
  void broadcast(const Tensor& tensor, int root) override {
    call(Record::broadcast, {tensor}, root, [=, comm = comm_](std::vector<MPI_Request>& pending) {
      MPI_Ibcast(tensor.data, static_cast<int>(tensor.count()), type_of(tensor.dtype), root, comm,
                 &pending.emplace_back());
      return 0;
    });
  }
  void exchange(std::span<const Message> sends, std::span<const Message> receives) override {
    std::vector<Tensor> tensors;
    for (const std::span all : {sends, receives})
      for (const Message& message : all) tensors.push_back(message.tensor);
    call(Record::exchange, tensors, -1,
         [sends = std::vector(sends.begin(), sends.end()),
          receives = std::vector(receives.begin(), receives.end()),
          comm = comm_](std::vector<MPI_Request>& pending) {
           pending.reserve(sends.size() + receives.size());
           for (const auto& [peer, tensor] : receives)
             MPI_Irecv(tensor.data, static_cast<int>(tensor.count()), type_of(tensor.dtype), peer, 0, comm,
                       &pending.emplace_back());
           for (const auto& [peer, tensor] : sends)
             MPI_Isend(tensor.data, static_cast<int>(tensor.count()), type_of(tensor.dtype), peer, 0, comm,
                       &pending.emplace_back());
           return receives.size();
         });
  }

 private:
  /// Ranks agree on the first of the tensors, but for an exchange.
  void call(Record::Kind kind, const std::vector<Tensor>& tensors, int root,
            MessageDouble::Call::Start start) {
    const Tensor first = kind == Record::exchange ? Tensor{} : tensors.front();
    const Record record{kind, calls_++, static_cast<int>(first.dtype), root, first.count()};
    const auto made = std::make_shared<MessageDouble::Call>(comm_, record, tensors, std::move(start));
    all_.enqueue(lane_, made);
  }

  MessageDouble& all_;
  lanes::Lane lane_;
  MPI_Comm comm_;
  int calls_ = 0;
};

}  // namespace

/// The rank that knows who is in it, and a number there.
MessageDouble::Id MessageDouble::new_id() {
  int root = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &root);
  const std::array<int, 2> name = {root, ids_++};
  Id id{};
  std::memcpy(id.data(), name.data(), sizeof name);
  return id;
}

std::unique_ptr<comm::DeviceMessages::Group> MessageDouble::join(const Id& id, int ranks, int rank) {
  std::array<int, 2> name;
  std::memcpy(name.data(), id.data(), sizeof name);
  const auto [root, number] = name;
  const int tag = 20000 + number % 10000;
  std::array<int, 2> me = {0, rank};
  MPI_Comm_rank(MPI_COMM_WORLD, &me[0]);
  std::vector<int> members(ranks);
  if (me[0] == root) {
    members[rank] = root;
    for (int other = 1; other < ranks; ++other) {
      std::array<int, 2> them;
      MPI_Recv(them.data(), 2, MPI_INT, MPI_ANY_SOURCE, tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
      members[them[1]] = them[0];
    }
    for (const int member : members)
      if (member != root) MPI_Send(members.data(), ranks, MPI_INT, member, tag, MPI_COMM_WORLD);
  } else {
    MPI_Send(me.data(), 2, MPI_INT, root, tag, MPI_COMM_WORLD);
    MPI_Recv(members.data(), ranks, MPI_INT, root, tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  }
  MPI_Group world, group;
  MPI_Comm comm;
  MPI_Comm_group(MPI_COMM_WORLD, &world);
  MPI_Group_incl(world, ranks, members.data(), &group);
  MPI_Comm_create_group(MPI_COMM_WORLD, group, tag, &comm);
  MPI_Group_free(&group);
  MPI_Group_free(&world);
  return std::make_unique<DoubleGroup>(*this, lane_.beside(), comm);
}

void MessageDouble::enqueue(const lanes::Lane& lane, const std::shared_ptr<Call>& call) {
  if (given_up_) call->finish();
  lane.run([call] { call->wait(); });
  calls_.push_back({call, lane.mark("a call")});
}

void MessageDouble::look_after() {
  while (!calls_.empty()) {
    const auto& [call, end] = calls_.front();
    end.passed();  // who asks for it lets the lane come to the call
    if (!call->reached() || !call->move_on()) return std::this_thread::yield();  // ranks may outnumber cores
    call->finish();
    calls_.pop_front();
  }
}

// MPI may still come to what calls hold, so they stay.
void MessageDouble::give_up() noexcept {
  static std::deque<Enqueued> left_behind;
  given_up_ = true;
  for (const Enqueued& enqueued : calls_) enqueued.call->give_up();
  std::ranges::move(calls_, std::back_inserter(left_behind));
  calls_.clear();
}

}  // namespace heddle::tests
