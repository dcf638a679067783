#include "heddle/io/token_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "hdf5.hpp"
#include "heddle/base/aside_file.hpp"
#include "heddle/base/disk_space.hpp"
#include "heddle/comm/first_error.hpp"
#include "heddle/comm/watchdog.hpp"
#include "vocabulary_format.hpp"

namespace heddle::io {
namespace {

constexpr std::int64_t format_version = 1;
/// A random window costs the reading of one chunk, so chunks are small; the cache holds a small text whole.
constexpr hsize_t chunk_tokens = 64 * 1024;
constexpr std::size_t cache_bytes = 64 << 20, cache_slots = 10007;

hid_t narrowest(std::int64_t vocabulary) {
  return vocabulary <= 1 << 8 ? H5T_STD_U8LE : vocabulary <= 1 << 16 ? H5T_STD_U16LE : H5T_STD_U32LE;
}

template <typename Id>
hid_t memory_type() {
  return sizeof(Id) == 1 ? H5T_NATIVE_UINT8 : sizeof(Id) == 2 ? H5T_NATIVE_UINT16 : H5T_NATIVE_INT32;
}

h5::Handle with_cache(h5::Handle access) {
  access.check(H5Pset_cache(access.id(), 0, cache_slots, cache_bytes, 0.75), "set the cache");
  return access;
}

TokenFileHeader read_header(const h5::Handle& file) {
  if (!h5::has_attribute(file, "format") || h5::read_string(file, "format") != marks::tokens)
    throw Error(ExitCode::usage, file.path() + ": this is no token file",
                "its attribute `format` is not `heddle tokens`",
                "make one with heddle prepare TEXT -o tokens.h5");
  const auto version = h5::read_integer(file, "version");
  if (version != format_version)
    throw Error(ExitCode::usage, fmt::format("{}: token file of version {}", file.path(), version),
                fmt::format("this program reads version {}", format_version),
                "make it again with heddle prepare");
  TokenFileHeader header;
  header.vocabulary = read_vocabulary(file);
  header.source = h5::read_string(file, "source");
  header.source_crc = static_cast<std::uint32_t>(h5::read_integer(file, "source_crc32"));
  return header;
}

}  // namespace

struct TokenFileWriter::State {
  AsideFile aside;
  h5::Handle file, tokens;
  std::int64_t vocabulary, reserved;
};

TokenFileWriter::TokenFileWriter(const std::string& path, const Vocabulary& vocabulary,
                                 const std::string& source)
    : state_(new State{AsideFile(path), {}, {}, vocabulary.size, 0}) {
  const std::string& partial = state_->aside.partial();
  h5::write_new(partial, h5::file_access(path), [&](const h5::Handle& file) {
    h5::write_attribute(file, "format", marks::tokens);
    h5::write_attribute(file, "version", format_version);
    write_vocabulary(file, vocabulary);
    h5::write_attribute(file, "source", source);
    h5::create_dataset(file, "tokens", narrowest(vocabulary.size), h5::extendable_space(file),
                       h5::chunked(file, {&chunk_tokens, 1}, h5::Checksum::fletcher32).id());
  });
  state_->reserved = static_cast<std::int64_t>(std::filesystem::file_size(partial));
  state_->file = h5::open_to_append(partial, h5::file_access(path), h5::Append::anything);
  state_->tokens = h5::open_dataset(state_->file, "tokens");
}

TokenFileWriter::~TokenFileWriter() = default;

void TokenFileWriter::append(std::span<const std::int32_t> ids) {
  for (auto id : ids) HEDDLE_EXPECT(id >= 0 && id < state_->vocabulary);
  state_->reserved += h5::growth_of(state_->tokens, ids.size());
  reserve_space(state_->aside.partial(), state_->reserved + h5::metadata_of(state_->reserved),
                state_->aside.path());
  h5::append(state_->tokens, H5T_NATIVE_INT32, ids.data(), ids.size());
}

void TokenFileWriter::finish(std::uint32_t source_crc) {
  h5::write_attribute(state_->file, "source_crc32", static_cast<std::int64_t>(source_crc));
  state_->tokens.close();
  state_->file.close();
  state_->aside.commit();
}

struct TokenFile::State {
  h5::Handle file, tokens;
  TokenFileHeader header;
  std::int64_t length = 0;
  std::size_t unsigned_bytes = 0;  ///< of an id in the file; 0 where ids have a sign there

  /// And finds that they are the vocabulary's.
  template <typename Id>
  void read(std::int64_t begin, std::span<Id> ids) const;
};

TokenFile::TokenFile(const std::string& path) : state_(new State) {
  state_->file = h5::open_to_read(path, with_cache(h5::file_access(path)));
  state_->header = read_header(state_->file);
  state_->tokens = h5::open_dataset(state_->file, "tokens");
  const auto extents = h5::extents_of(state_->tokens);
  const h5::Handle type(H5Dget_type(state_->tokens.id()), H5Tclose, state_->tokens, "read the tokens' type");
  if (extents.size() != 1 || H5Tget_class(type.id()) != H5T_INTEGER)
    throw Error(ExitCode::usage, path + ": /tokens is not a row of integers");
  h5::demand_written(state_->tokens, "/tokens");
  state_->length = static_cast<std::int64_t>(extents[0]);
  if (H5Tget_sign(type.id()) == H5T_SGN_NONE) state_->unsigned_bytes = H5Tget_size(type.id());
}

TokenFile::TokenFile(TokenFile&&) noexcept = default;
TokenFile& TokenFile::operator=(TokenFile&&) noexcept = default;
TokenFile::~TokenFile() = default;

const std::string& TokenFile::path() const { return state_->file.path(); }
const TokenFileHeader& TokenFile::header() const { return state_->header; }
std::int64_t TokenFile::length() const { return state_->length; }
std::string TokenFile::contents() const {
  return fmt::format("{} {} tokens of a text with CRC-32 {:08x}", length(), name(header().vocabulary.kind),
                     header().source_crc);
}

template <typename Id>
void TokenFile::State::read(std::int64_t begin, std::span<Id> ids) const {
  const auto count = static_cast<std::int64_t>(ids.size());
  HEDDLE_EXPECT(begin >= 0 && begin + count <= length);
  if (count == 0) return;
  const hsize_t extent = ids.size();
  const auto memory = h5::simple_space(file, {&extent, 1});
  const auto place = h5::block_of(file, Shape{length}, Shape{begin}, Shape{count});
  tokens.check(H5Dread(tokens.id(), memory_type<Id>(), memory.id(), place.id(), H5P_DEFAULT, ids.data()),
               fmt::format("read tokens {} to {}", begin, begin + count));
  const std::int64_t size = header.vocabulary.size;
  Id least = 0, most = 0;
  for (const Id id : ids) {
    least = std::min(least, id);
    most = std::max(most, id);
  }
  if (least == 0 && most < size) return;
  const auto bad = std::ranges::find_if(ids, [&](Id id) { return id < Id{0} || id >= size; });
  throw Error(ExitCode::usage,
              fmt::format("{}: token {} is the id {}", file.path(), begin + (bad - ids.begin()), *bad),
              fmt::format("the vocabulary has {} ids, from 0", size),
              "make the file again with heddle prepare");
}

void TokenFile::read(std::int64_t begin, std::span<std::int32_t> ids) const { state_->read(begin, ids); }

void TokenFile::verify(std::int64_t part, std::int64_t parts, const std::function<void()>& read_on) const {
  constexpr std::int64_t piece = 16 * chunk_tokens;
  const std::int64_t pieces = (length() + piece - 1) / piece;
  const auto in_ids_like = [&]<typename Id>(std::vector<Id> ids) {
    for (std::int64_t i = part * pieces / parts; i < (part + 1) * pieces / parts; ++i) {
      ids.resize(static_cast<std::size_t>(std::min(piece, length() - i * piece)));
      state_->read(i * piece, std::span(ids));
      read_on();
    }
  };
  // As they lie in the file: most of the time would be their widening.
  if (state_->unsigned_bytes == 1) return in_ids_like(std::vector<std::uint8_t>());
  if (state_->unsigned_bytes == 2) return in_ids_like(std::vector<std::uint16_t>());
  in_ids_like(std::vector<std::int32_t>());
}

void verify(const comm::Communicator& ranks, const TokenFile& file) {
  const auto my_part = [&] {
    file.verify(ranks.rank(), ranks.size(), [&] { ranks.watchdog().progressed(comm::Hearing::failures); });
  };
  if (const auto error = comm::first_error(ranks, my_part, "all ranks to read their parts of " + file.path()))
    throw *error;
}

}  // namespace heddle::io
