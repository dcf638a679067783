// HDF5 handles that close themselves, and HDF5 failures as heddle::Error with the file's name and what HDF5
// said. Private to io: no HDF5 type appears in a public header.
#pragma once

#include <hdf5.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "heddle/base/dtype.hpp"
#include "heddle/base/tensor.hpp"

namespace heddle::io::h5 {

/// Throws Error(code, "PATH: cannot ACTION", what HDF5 said) and clears HDF5's error stack.
[[noreturn]] void fail(const std::string& path, const std::string& action, ExitCode code = ExitCode::failure);

/// An open HDF5 object. It knows its file's path, so that every error can name it, and whether the file was opened to be read: then what fails is
/// the file's fault (ExitCode::usage), else the disk's.
class Handle {
 public:
  using Close = herr_t (*)(hid_t);

  Handle() = default;
  /// Takes over `id`; a negative one is the failure of `action`.
  Handle(hid_t id, Close closer, const std::string& path, const std::string& action,
         ExitCode code = ExitCode::failure);
  /// An object of the same file, or properties for one.
  Handle(hid_t id, Close closer, const Handle& origin, const std::string& action)
      : Handle(id, closer, origin.path_, action, origin.code_) {}
  /// One that a whole file would have.
  static Handle found(hid_t id, Close closer, const Handle& origin, const std::string& what);
  Handle(Handle&& other) noexcept;
  Handle& operator=(Handle&& other) noexcept;
  ~Handle();

  hid_t id() const { return id_; }
  const std::string& path() const { return path_; }
  /// From now on its failures, and those of what is opened in it, are `code`.
  Handle as(ExitCode code) &&;
  /// Throws unless `status`, as an HDF5 call returned it, is a success.
  void check(std::int64_t status, const std::string& action) const;
  /// Closes now, so that a failure to write the last bytes is not lost in a destructor.
  void close();

 private:
  hid_t id_ = -1;
  Close close_ = nullptr;
  std::string path_;
  ExitCode code_ = ExitCode::failure;
};

/// Access properties of Heddle's files: every object is closed with its file, no errors on stderr.
Handle file_access(const std::string& path);
/// Writes a new file at `place`, where an empty one is, with what `fill` puts into it: once in memory, to see how long it becomes, and, where the disk
/// has so much room, there. HDF5 never holds a file that it cannot write. Errors name the path of `access`.
void write_new(const std::string& place, const Handle& access, const std::function<void(const Handle&)>& fill,
               hid_t creation = H5P_DEFAULT);
/// The same access to a file that is marked as open, by a writer that was killed (as `h5clear -s` cures it).
Handle curing(const Handle& access);
/// The same with a copy of the file of `access` beneath: `fill`, which is called with an empty file first, adds to it. Its writer may have been
/// killed.
void write_copy(const std::string& place, const Handle& access,
                const std::function<void(const Handle&)>& fill);
/// Opens an HDF5 file for reading, also one whose writer is at work or was killed. A missing, truncated or
/// foreign one is Error(usage).
Handle open_to_read(const std::string& path, const Handle& access);

/// Rows are appended in HDF5's single-writer-multiple-readers order: nothing on disk ever names what is not
/// there yet, so that a writer may be killed at any moment. In that mode nothing new can be created.
enum class Append { rows, anything };
Handle open_to_append(const std::string& path, const Handle& access, Append what);

/// Makes the groups in `name` that are missing.
Handle create_group(const Handle& parent, const std::string& name);
Handle open_group(const Handle& parent, const std::string& name);
Handle open_dataset(const Handle& parent, const std::string& name);
bool exists(const Handle& parent, const std::string& name);
/// Names of the links in `group` in alphabetical order.
std::vector<std::string> names_in(const Handle& group);

Handle simple_space(const Handle& file, std::span<const hsize_t> extents);
Handle extendable_space(const Handle& file);  ///< one dim, 0 now, unlimited later
/// The place of a block: `begin` and `extents` in a dataspace of `global` extents.
Handle block_of(const Handle& file, const Shape& global, const Shape& begin, const Shape& extents);
/// Extents of a dataset, outermost first.
std::vector<hsize_t> extents_of(const Handle& dataset);
/// Throws Error(usage) for one that says to hold more than its file can: nothing of ours is compressed. Goes before memory is taken for it.
void demand_possible(const Handle& dataset, const std::string& name);
/// Of a table, which has one dim. Throws so, too.
std::size_t rows_of(const Handle& table, const std::string& name);
/// Throws Error(usage) for one of which a part was never written.
void demand_written(const Handle& dataset, const std::string& name);

/// Chunked by `chunk`; Fletcher32 if `checked`.
enum class Checksum { none, fletcher32 };
inline constexpr std::int64_t checksum_bytes = 4;  ///< of each chunk
Handle chunked(const Handle& file, std::span<const hsize_t> chunk, Checksum checksum);

/// UTF-8 of a fixed number of bytes, padded with zeros; h5py reads it without ado.
Handle string_type(const Handle& file, std::size_t bytes);
/// The HDF5 type in memory of a number type (not bf16).
hid_t native_type(DType type);

/// Makes the groups in `name` that are missing.
Handle create_dataset(const Handle& parent, const std::string& name, hid_t type, const Handle& space,
                      hid_t properties = H5P_DEFAULT);
/// By how much a one-dimensional dataset grows on disk, in whole chunks, when it gets so many rows more, without its index.
std::int64_t growth_of(const Handle& dataset, std::size_t rows);
/// The most that HDF5 itself adds to a file beside `bytes` of data in chunks of 64 KiB or more.
constexpr std::int64_t metadata_of(std::int64_t bytes) { return (std::int64_t{64} << 10) + bytes / 256; }
/// Leaves the first `rows` of a one-dimensional extendable dataset.
void shorten(const Handle& dataset, std::size_t rows);
/// Appends `rows` records of memory type `type` to a one-dimensional extendable dataset.
void append(const Handle& dataset, hid_t type, const void* data, std::size_t rows);
/// In place of those from row `first` on, which are there.
void write_rows(const Handle& dataset, hid_t type, const void* data, std::size_t first, std::size_t rows);

/// Replaces an older value.
void write_attribute(const Handle& object, const std::string& name, std::int64_t value);
void write_attribute(const Handle& object, const std::string& name, double value);
void write_attribute(const Handle& object, const std::string& name, std::string_view value);
std::int64_t read_integer(const Handle& object, const std::string& name);
double read_real(const Handle& object, const std::string& name);
std::string read_string(const Handle& object, const std::string& name);
bool has_attribute(const Handle& object, const std::string& name);

/// A whole text as a scalar dataset: attributes are limited to 64 KB.
void write_text(const Handle& parent, const std::string& name, std::string_view text);
std::string read_text(const Handle& parent, const std::string& name);
/// A table of texts, all of the width of the longest.
void write_lines(const Handle& parent, const std::string& name, std::span<const std::string> lines);
std::vector<std::string> read_lines(const Handle& parent, const std::string& name);

}  // namespace heddle::io::h5
