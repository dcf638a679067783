// Rank 0 makes the file, with places for all numbers; every rank writes its own there; rank 0 adds the checksums and gives it its name.
#include "heddle/io/checkpoint_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstring>
#include <exception>
#include <functional>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "checkpoint_catalogue.hpp"
#include "checkpoint_file.hpp"
#include "checkpoint_pieces.hpp"
#include "heddle/base/finite.hpp"
#include "heddle/base/shared_file.hpp"
#include "heddle/comm/first_error.hpp"
#include "heddle/comm/gather.hpp"
#include "heddle/comm/watch_over.hpp"
#include "heddle/comm/world.hpp"
#include "heddle/io/checksum.hpp"

namespace heddle::io {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are stored as they lie in memory");

/// So many bytes are on their way to the disk while as many are made: no wait for it is long, and news of it are fresh.
constexpr std::int64_t on_their_way = std::int64_t{64} << 20;

/// Whether a copy is there is asked so often.
constexpr std::chrono::milliseconds look_again{1};

using Clock = std::chrono::steady_clock;

/// Where a dataset's numbers begin in the file, as plain bytes.
struct Place {
  char dataset[232];
  std::int64_t offset;
};

/// Rank 0's are everybody's.
Offsets handed_on(const comm::Communicator& ranks, const Offsets& of_first) {
  std::vector<Place> places;
  for (const auto& [dataset, offset] : of_first) {
    Place& place = places.emplace_back(Place{{}, offset});
    std::memcpy(place.dataset, dataset.data(), std::min(dataset.size(), sizeof place.dataset - 1));
  }
  Offsets offsets;
  for (const auto& rows :
       comm::gather_rows<Place>(ranks, places, comm::Receivers::all, "places in the checkpoint"))
    for (const Place& place : rows) offsets[place.dataset] = place.offset;
  return offsets;
}

/// Numbers of a shard from the `begin`-th on: where they lie, or made in `room`.
Tensor numbers_of(const Shard& shard, std::int64_t begin, const maps::Box& piece,
                  std::vector<std::byte>& room) {
  Tensor numbers{nullptr, shard.local.dtype, piece.shape()};
  if (!shard.make) {
    numbers.data = static_cast<std::byte*>(shard.local.data) + begin * size_of(numbers.dtype);
    return numbers;
  }
  room.resize(static_cast<std::size_t>(numbers.bytes()));
  numbers.data = room.data();
  shard.make(begin, numbers);
  return numbers;
}

/// Runs that follow each other are one.
void write_piece(const SharedFile& file, std::int64_t offset, const maps::Box& global, const maps::Box& piece,
                 std::span<const std::byte> bytes, std::int64_t element) {
  std::int64_t begin = 0, end = 0, done = 0;
  const auto put = [&] {
    file.write(offset + begin, bytes.subspan(done, end - begin));
    done += end - begin;
  };
  maps::for_each_run(global, piece, [&](std::int64_t at, std::int64_t length) {
    if (at * element != end) {
      put();
      begin = at * element;
    }
    end = (at + length) * element;
  });
  put();
}

}  // namespace

struct CheckpointWriter::State {
  const comm::Communicator& ranks;
  std::string path;
  std::int64_t step;
  std::string host;
  std::vector<Shard> shards = {};           ///< that this rank writes
  std::optional<CheckpointFile> file = {};  ///< on rank 0
  Offsets offsets = {};
  std::vector<std::uint32_t> sums = {};  ///< of the pieces, in the order of the shards
  std::exception_ptr failure = {};
  std::optional<StateNotFinite> not_finite = {};
  double seconds = 0;
  std::atomic<bool> done = false;
  std::jthread thread = {};

  /// Collective. Runs `body` here and throws the first rank's error on all.
  template <class Failure = WriteFailure>
  void together(const std::function<void()>& body) const;
  void put(const SharedFile& to, const Shard& shard, const maps::Box& piece, const Tensor& numbers);
  void write_all(const std::stop_token& stop);
  void write(const lanes::Mark& ready, const std::stop_token& stop);
};

template <class Failure>
void CheckpointWriter::State::together(const std::function<void()>& body) const {
  if (const auto error = comm::first_error(ranks, body, "writing " + path))
    throw Failure(error->code(), error->what());
}

/// What is looked at, summed up and written is in the processor's cache then.
void CheckpointWriter::State::put(const SharedFile& to, const Shard& shard, const maps::Box& piece,
                                  const Tensor& numbers) {
  if (const auto none = first_not_finite(numbers))
    throw StateNotFinite(ExitCode::numbers,
                         fmt::format("step {}: {} of {} is {}, on rank {} ({})", step,
                                     place_in(numbers.shape, none->index, piece.origin()), shard.dataset,
                                     none->value, ranks.rank(), host),
                         "no checkpoint is written of it: its update went beyond its type",
                         against_divergence);
  const std::span bytes(static_cast<const std::byte*>(numbers.data), numbers.bytes());
  sums.push_back(crc32({reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
  write_piece(to, offsets.at(shard.dataset), maps::Box(shard.global), piece, bytes, size_of(numbers.dtype));
}

void CheckpointWriter::State::write_all(const std::stop_token& stop) {
  const SharedFile to(AsideFile::partial_name(path), path);
  std::int64_t written = 0;
  std::vector<std::byte> room;
  for (const Shard& shard : shards) {
    std::int64_t begin = 0;
    for (const maps::Box& piece : pieces_of(box_of(shard), size_of(shard.local.dtype))) {
      if (stop.stop_requested()) return;
      const Tensor numbers = numbers_of(shard, begin, piece, room);
      put(to, shard, piece, numbers);
      begin += numbers.count();
      const std::int64_t before = std::exchange(written, written + numbers.bytes());
      if (written / on_their_way > before / on_their_way) to.advance_sync();
      ranks.watchdog().progressed();
    }
  }
  to.advance_sync();
  ranks.watchdog().progressed();
  if (!stop.stop_requested()) to.sync();
}

/// A lane's copies are not heard of on this thread.
void CheckpointWriter::State::write(const lanes::Mark& ready, const std::stop_token& stop) {
  auto begin = Clock::now();
  try {
    for (; !ready.passed() && !stop.stop_requested(); begin = Clock::now())
      std::this_thread::sleep_for(look_again);
    write_all(stop);
  } catch (const StateNotFinite& error) {
    not_finite = error;
  } catch (...) {
    failure = std::current_exception();
  }
  seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  done = true;
}

CheckpointWriter::CheckpointWriter(const comm::Communicator& ranks, const std::string& path,
                                   const CheckpointHeader& header, std::span<const Shard> shards)
    : state_(new State{ranks, path, header.step, comm::this_host()}) {
  const comm::Away away(ranks, "writing " + path);
  Catalogue catalogue = catalogue_of(ranks, shards);
  state_->together([&] {
    if (ranks.rank() == 0) state_->offsets = state_->file.emplace(path, std::move(catalogue)).begin(header);
  });
  state_->offsets = handed_on(ranks, state_->offsets);
  std::ranges::copy_if(shards, std::back_inserter(state_->shards), &Shard::writes);
  std::ranges::sort(state_->shards, {}, &Shard::dataset);
}

CheckpointWriter::~CheckpointWriter() = default;

void CheckpointWriter::write() { state_->write({}, {}); }

void CheckpointWriter::write_behind(lanes::Mark ready) {
  state_->thread = std::jthread([state = state_.get(), ready = std::move(ready)](
                                    const std::stop_token& stop) { state->write(ready, stop); });
}

bool CheckpointWriter::done() const { return state_->done; }

void CheckpointWriter::finish() {
  State& state = *state_;
  const comm::Away away(state.ranks, "writing " + state.path);
  if (state.thread.joinable()) state.thread.join();
  // First, whatever else has failed: a run would go on after that.
  state.together<StateNotFinite>([&] {
    if (state.not_finite) throw Error(*state.not_finite);
  });
  state.together([&] {
    if (state.failure) std::rethrow_exception(state.failure);
  });
  const auto sums = comm::gather_rows<std::uint32_t>(state.ranks, state.sums, comm::Receivers::first,
                                                     "the checkpoint's checksums");
  for (const auto& of_rank : comm::gather_rows<double>(
           state.ranks, {&state.seconds, 1}, comm::Receivers::first, "the time that its writing took"))
    state.seconds = std::max(state.seconds, of_rank.front());
  state.together([&] {
    if (state.file) state.file->finish(sums);
  });
}

std::int64_t CheckpointWriter::bytes() const { return state_->file ? state_->file->bytes() : 0; }
double CheckpointWriter::seconds() const { return state_->seconds; }

void write_checkpoint(const comm::Communicator& ranks, const std::string& path,
                      const CheckpointHeader& header, std::span<const Shard> shards) {
  CheckpointWriter writer(ranks, path, header, shards);
  writer.write();
  writer.finish();
}

}  // namespace heddle::io
