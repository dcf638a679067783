#include "emulator/runtime/streams.hpp"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <random>
#include <thread>

#include "emulator/settings.hpp"

namespace heddle::emulator {

/// Never destroyed, since its thread never ends.
Gpu& Gpu::get() {
  static auto* gpu = new Gpu;
  return *gpu;
}

/// Signals are for the program's own threads.
Gpu::Gpu() {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread([this] { work(); }).detach();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Stream* Gpu::make() {
  const std::lock_guard guard(lock_);
  return streams_.emplace_back(std::make_unique<Stream>()).get();
}

void Gpu::destroy(Stream* stream) {
  wait(stream);
  const std::lock_guard guard(lock_);
  std::erase_if(streams_, [&](const auto& s) { return s.get() == stream; });
}

void Gpu::enqueue(Stream* stream, Work work) {
  const std::lock_guard guard(lock_);
  if (stream->captures) return stream->capture.push_back(std::move(work));
  stream->waiting.push_back(std::move(work));
  ++stream->enqueued;
  more_.notify_one();
}

void Gpu::wait(Stream* stream) {
  std::unique_lock guard(lock_);
  progress_.wait(guard, [stream, until = stream->enqueued] { return stream->done >= until; });
}

void Gpu::wait_all() {
  wait(&default_);
  std::vector<Stream*> all;
  {
    const std::lock_guard guard(lock_);
    for (const auto& s : streams_) all.push_back(s.get());
  }
  for (Stream* s : all) wait(s);
}

bool Gpu::idle(Stream* stream) {
  const std::lock_guard guard(lock_);
  return stream->done == stream->enqueued;
}

void Gpu::begin_capture(Stream* stream) {
  const std::lock_guard guard(lock_);
  stream->captures = true;
  stream->spoilt = false;
  stream->capture.clear();
}

std::unique_ptr<std::vector<Work>> Gpu::end_capture(Stream* stream) {
  const std::lock_guard guard(lock_);
  stream->captures = false;
  if (stream->spoilt) return nullptr;
  return std::make_unique<std::vector<Work>>(std::move(stream->capture));
}

void Gpu::record(const std::shared_ptr<Event>& event, Stream* stream) {
  std::uint64_t number = 0;
  {
    const std::lock_guard guard(lock_);
    event->captured = stream->captures;
    if (stream->captures) return;
    number = ++event->recorded;
  }
  enqueue(stream, [this, event, number] {
    const std::lock_guard guard(lock_);
    event->passed = std::max(event->passed, number);
    event->when = std::chrono::steady_clock::now();
    return true;
  });
}

void Gpu::await(Stream* stream, const std::shared_ptr<Event>& event) {
  std::uint64_t number = 0;
  {
    const std::lock_guard guard(lock_);
    number = event->recorded;
  }
  enqueue(stream, [this, event, number] {
    const std::lock_guard guard(lock_);
    return event->passed >= number;
  });
}

bool Gpu::passed(const std::shared_ptr<Event>& event) {
  const std::lock_guard guard(lock_);
  return event->passed >= event->recorded;
}

void Gpu::wait(const std::shared_ptr<Event>& event) {
  std::unique_lock guard(lock_);
  progress_.wait(guard, [&, until = event->recorded] { return event->passed >= until; });
}

std::vector<Stream*> Gpu::ready() {
  std::vector<Stream*> all;
  if (!default_.waiting.empty()) all.push_back(&default_);
  for (const auto& s : streams_)
    if (!s->waiting.empty()) all.push_back(s.get());
  return all;
}

/// Whichever of them can go on.
bool Gpu::work_on_one(std::unique_lock<std::mutex>& guard, const std::vector<Stream*>& ready) {
  for (Stream* s : ready) {
    Work& work = s->waiting.front();
    guard.unlock();  // a deque's front stays where it is while others push
    const bool done = work();
    guard.lock();
    if (!done) continue;
    s->waiting.pop_front();
    ++s->done;
    progress_.notify_all();
    return true;
  }
  return false;
}

void Gpu::work() {
  std::mt19937_64 random(seed());
  std::unique_lock guard(lock_);
  for (;;) {
    std::vector<Stream*> all = ready();
    if (all.empty()) {
      more_.wait(guard);
      if (delay().count() == 0) continue;
      guard.unlock();  // the host runs ahead
      std::this_thread::sleep_for(delay());
      guard.lock();
      continue;
    }
    std::shuffle(all.begin(), all.end(), random);
    if (!work_on_one(guard, all)) more_.wait_for(guard, std::chrono::microseconds(50));
  }
}

}  // namespace heddle::emulator
