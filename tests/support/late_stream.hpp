// A device that a test can hold in its hand: memory of its own, and work that is done on a thread of its own,
// as late as may be. Nothing is begun before somebody asks for a mark behind it, so who forgets to wait reads
// what lay there before, each time.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "heddle/lanes/stream.hpp"

namespace heddle::tests {

class LateStream final : public lanes::Stream {
 public:
  /// Whether the host and its message library reach the lane's memory, or come to grief there; or the message library alone is said
  /// to reach it.
  enum class Reach { shared, apart, aware };
  explicit LateStream(Reach reach = Reach::shared);
  /// Does what is left.
  ~LateStream() override;

  /// From now on marks for `what` are passed at once: the wait is as good as forgotten. Empty: none. A copy
  /// to the host that nobody waits for is left out, since what it would write may be gone.
  void forget(std::string what) { forgotten_ = std::move(what); }
  /// From now on nothing more is kept than `most` pieces of work: like a device that is out of memory.
  void keep_at_most(int most) { may_keep_ = most; }
  /// What marks have been made for.
  const std::set<std::string>& waits() const { return waits_; }

  void run(std::function<void()> launch) override;
  lanes::Mark mark(const char* what) override;
  lanes::Mark moment() override;
  void await(const lanes::Mark& mark) override;
  std::shared_ptr<lanes::Stream> beside() const override { return std::make_shared<LateStream>(reach_); }
  std::shared_ptr<void> allocate(std::int64_t bytes) override;
  std::shared_ptr<void> allocate_on_host(std::int64_t bytes) override;
  void copy(const void* from, void* to, std::int64_t bytes) override;
  void copy_from_host(const void* host, void* to, std::int64_t bytes) override;
  void copy_to_host(const void* from, void* host, std::int64_t bytes) override;
  void fill(void* to, unsigned char byte, std::int64_t bytes) override;
  void land(const lanes::Runs& runs, lanes::LandingTypes types, const void* from, void* to,
            lanes::Landing landing) override;
  bool records() const override { return true; }
  lanes::Recorded record(const std::function<void()>& work) override;
  bool shares_memory() const override { return reach_ == Reach::shared; }

 private:
  using Work = std::function<void()>;
  /// Throws where work is being kept: a device then refuses `what`.
  void demand_no_recording(const char* what) const;

  /// Memory that outlives the stream still knows it.
  struct Queue {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<Work> work;
    std::int64_t enqueued = 0, wanted = 0, done = 0;
    bool closed = false;

    std::int64_t add(Work one);
    void work_off(Reach reach);
    void do_one(std::unique_lock<std::mutex>& hold);
    void close();
  };
  struct Place;

  Reach reach_;
  std::shared_ptr<Queue> queue_ = std::make_shared<Queue>();
  std::string forgotten_;
  std::set<std::string> waits_;
  std::vector<Work>* kept_ = nullptr;  ///< while work is recorded
  std::optional<int> may_keep_;        ///< nothing: as much as wanted
  std::thread thread_;
};

}  // namespace heddle::tests
