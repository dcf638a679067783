#include "hdf5.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "heddle/base/disk_space.hpp"

namespace heddle::io::h5 {
namespace {

/// The innermost message of HDF5's stack says what went wrong; the outermost ones only repeat
/// which call failed.
herr_t keep_innermost(unsigned depth, const H5E_error2_t* error, void* text) {
  if (depth == 0 && error->desc) *static_cast<std::string*>(text) = error->desc;
  return 0;
}

void silence() {
  static const herr_t once = H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  (void)once;
}

}  // namespace

void fail(const std::string& path, const std::string& action, ExitCode code) {
  std::string reason;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_innermost, &reason);
  H5Eclear2(H5E_DEFAULT);
  throw Error(code, fmt::format("{}: cannot {}", path, action), reason.empty() ? "" : "HDF5: " + reason);
}

Handle::Handle(hid_t id, Close closer, const std::string& path, const std::string& action, ExitCode code)
    : id_(id), close_(closer), path_(path), code_(code) {
  if (id < 0) fail(path, action, code);
}

Handle Handle::found(hid_t id, Close closer, const Handle& origin, const std::string& what) {
  return Handle(id, closer, origin.path_, "find " + what, ExitCode::usage).as(origin.code_);
}

Handle::Handle(Handle&& other) noexcept
    : id_(std::exchange(other.id_, -1)),
      close_(other.close_),
      path_(std::move(other.path_)),
      code_(other.code_) {}

Handle& Handle::operator=(Handle&& other) noexcept {
  std::swap(id_, other.id_);
  std::swap(close_, other.close_);
  std::swap(path_, other.path_);
  std::swap(code_, other.code_);
  return *this;
}

Handle::~Handle() {
  if (id_ >= 0) close_(id_);
}

void Handle::check(std::int64_t status, const std::string& action) const {
  if (status < 0) fail(path_, action, code_);
}

Handle Handle::as(ExitCode code) && {
  code_ = code;
  return std::move(*this);
}

void Handle::close() {
  if (id_ >= 0) check(close_(std::exchange(id_, -1)), "close the file");
}

Handle file_access(const std::string& path) {
  silence();
  Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, path, "prepare access");
  access.check(H5Pset_fclose_degree(access.id(), H5F_CLOSE_STRONG), "prepare access");
  // The format of HDF5 1.10: what says where numbers lie has checksums too.
  access.check(H5Pset_libver_bounds(access.id(), H5F_LIBVER_LATEST, H5F_LIBVER_LATEST), "prepare access");
  return access;
}

namespace {

std::int64_t length_in_memory(const Handle& access, const std::function<void(const Handle&)>& fill,
                              hid_t creation = H5P_DEFAULT) {
  constexpr std::size_t grows_by = 1 << 20;
  const std::string& path = access.path();
  const Handle memory(H5Pcopy(access.id()), H5Pclose, path, "prepare a file in memory");
  memory.check(H5Pset_fapl_core(memory.id(), grows_by, /*backing_store=*/false), "prepare a file in memory");
  const Handle file(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation, memory.id()), H5Fclose, path,
                    "make a file in memory");
  fill(file);
  file.check(H5Fflush(file.id(), H5F_SCOPE_GLOBAL), "finish a file in memory");
  const auto bytes = H5Fget_file_image(file.id(), nullptr, 0);
  file.check(bytes, "measure a file in memory");
  return static_cast<std::int64_t>(bytes);
}

}  // namespace

void write_new(const std::string& place, const Handle& access, const std::function<void(const Handle&)>& fill,
               hid_t creation) {
  const std::string& path = access.path();
  const std::int64_t bytes = length_in_memory(access, fill, creation) + metadata_of(0);
  reserve_space(place, bytes, path);
  Handle file = Handle(H5Fcreate(place.c_str(), H5F_ACC_TRUNC, creation, access.id()), H5Fclose, path,
                       "create the file", ExitCode::usage)
                    .as(ExitCode::failure);
  reserve_space(place, bytes, path);  // HDF5 gave back what there was
  fill(file);
  file.close();
}

Handle curing(const Handle& access) {
  Handle cures(H5Pcopy(access.id()), H5Pclose, access, "prepare access");
  const hbool_t does = true;
  cures.check(H5Pset(cures.id(), "clear_status_flags", &does), "prepare access");
  return cures;
}

void write_copy(const std::string& place, const Handle& access,
                const std::function<void(const Handle&)>& fill) {
  const std::string& path = access.path();
  const auto before = static_cast<std::int64_t>(std::filesystem::file_size(path));
  const std::int64_t bytes = before + length_in_memory(access, fill) + metadata_of(0);
  reserve_space(place, bytes, path);
  std::filesystem::copy_file(path, place, std::filesystem::copy_options::overwrite_existing);
  reserve_space(place, bytes, path);
  Handle file = open_to_append(place, curing(access), Append::anything);
  fill(file);
  file.close();
}

Handle open_to_read(const std::string& path, const Handle& access) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) throw Error(ExitCode::usage, path + ": no such file");
  if (std::filesystem::is_directory(path, ignored))
    throw Error(ExitCode::usage, path + ": this is a directory");
  hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.id());
  if (file < 0) file = H5Fopen(path.c_str(), H5F_ACC_RDONLY | H5F_ACC_SWMR_READ, access.id());
  return Handle(file, H5Fclose, path, "open it as an HDF5 file", ExitCode::usage);
}

Handle open_to_append(const std::string& path, const Handle& access, Append what) {
  const unsigned mode = H5F_ACC_RDWR | (what == Append::rows ? H5F_ACC_SWMR_WRITE : 0u);
  return Handle(H5Fopen(path.c_str(), mode, access.id()), H5Fclose, path, "open the file to write");
}

namespace {

/// Makes the groups on the way that are missing.
Handle link_properties(const Handle& parent) {
  Handle link(H5Pcreate(H5P_LINK_CREATE), H5Pclose, parent, "prepare a link");
  link.check(H5Pset_create_intermediate_group(link.id(), 1), "prepare a link");
  return link;
}

}  // namespace

Handle create_group(const Handle& parent, const std::string& name) {
  const hid_t id =
      H5Gcreate2(parent.id(), name.c_str(), link_properties(parent).id(), H5P_DEFAULT, H5P_DEFAULT);
  return Handle(id, H5Gclose, parent, "create group " + name);
}

Handle open_group(const Handle& parent, const std::string& name) {
  return Handle::found(H5Gopen2(parent.id(), name.c_str(), H5P_DEFAULT), H5Gclose, parent, "group " + name);
}

Handle open_dataset(const Handle& parent, const std::string& name) {
  return Handle::found(H5Dopen2(parent.id(), name.c_str(), H5P_DEFAULT), H5Dclose, parent, "dataset " + name);
}

/// HDF5 asks that the groups on the way are there.
bool exists(const Handle& parent, const std::string& name) {
  for (std::size_t end = name.find('/');; end = name.find('/', end + 1)) {
    const htri_t found = H5Lexists(parent.id(), name.substr(0, end).c_str(), H5P_DEFAULT);
    parent.check(found, "look for " + name);
    if (found == 0 || end == std::string::npos) return found > 0;
  }
}

namespace {

herr_t add_name(hid_t /*group*/, const char* name, const H5L_info_t* /*link*/, void* names) {
  static_cast<std::vector<std::string>*>(names)->emplace_back(name);
  return 0;
}

}  // namespace

/// In the order in which they lie there: for any other HDF5 1.10 makes a table, and frees what is not in it where the file is damaged.
std::vector<std::string> names_in(const Handle& group) {
  std::vector<std::string> names;
  group.check(H5Literate(group.id(), H5_INDEX_NAME, H5_ITER_NATIVE, nullptr, add_name, &names),
              "list a group");
  std::ranges::sort(names);
  return names;
}

Handle simple_space(const Handle& file, std::span<const hsize_t> extents) {
  const hid_t id = extents.empty()
                       ? H5Screate(H5S_SCALAR)
                       : H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr);
  return Handle(id, H5Sclose, file, "make a dataspace");
}

Handle extendable_space(const Handle& file) {
  const hsize_t none = 0, unlimited = H5S_UNLIMITED;
  return Handle(H5Screate_simple(1, &none, &unlimited), H5Sclose, file, "make a dataspace");
}

Handle block_of(const Handle& file, const Shape& global, const Shape& begin, const Shape& extents) {
  HEDDLE_EXPECT(begin.rank() == global.rank() && extents.rank() == global.rank());
  const std::vector<hsize_t> all(global.begin(), global.end()), first(begin.begin(), begin.end()),
      count(extents.begin(), extents.end());
  Handle space = simple_space(file, all);
  if (extents.count() == 0)
    space.check(H5Sselect_none(space.id()), "select nothing");
  else if (!all.empty())
    space.check(H5Sselect_hyperslab(space.id(), H5S_SELECT_SET, first.data(), nullptr, count.data(), nullptr),
                "select a block");
  return space;
}

Handle chunked(const Handle& file, std::span<const hsize_t> chunk, Checksum checksum) {
  Handle properties(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, file, "prepare a dataset");
  properties.check(H5Pset_chunk(properties.id(), static_cast<int>(chunk.size()), chunk.data()),
                   "choose chunks");
  if (checksum == Checksum::fletcher32)
    properties.check(H5Pset_fletcher32(properties.id()), "ask for checksums");
  return properties;
}

Handle string_type(const Handle& file, std::size_t bytes) {
  Handle type(H5Tcopy(H5T_C_S1), H5Tclose, file, "make a string type");
  type.check(H5Tset_size(type.id(), std::max<std::size_t>(bytes, 1)), "make a string type");
  type.check(H5Tset_strpad(type.id(), H5T_STR_NULLPAD), "make a string type");
  type.check(H5Tset_cset(type.id(), H5T_CSET_UTF8), "make a string type");
  return type;
}

hid_t native_type(DType type) {
  switch (type) {
    case DType::f32: return H5T_NATIVE_FLOAT;
    case DType::f64: return H5T_NATIVE_DOUBLE;
    case DType::i32: return H5T_NATIVE_INT32;
    default: break;
  }
  throw Error(ExitCode::failure, fmt::format("HDF5 files hold no {}", name(type)));
}

Handle create_dataset(const Handle& parent, const std::string& name, hid_t type, const Handle& space,
                      hid_t properties) {
  const hid_t id = H5Dcreate2(parent.id(), name.c_str(), type, space.id(), link_properties(parent).id(),
                              properties, H5P_DEFAULT);
  return Handle(id, H5Dclose, parent, "create dataset " + name);
}

std::int64_t growth_of(const Handle& dataset, std::size_t rows) {
  const Handle properties(H5Dget_create_plist(dataset.id()), H5Pclose, dataset, "look at a dataset");
  const Handle type(H5Dget_type(dataset.id()), H5Tclose, dataset, "look at a dataset");
  hsize_t chunk = 0;
  properties.check(H5Pget_chunk(properties.id(), 1, &chunk), "look at a dataset's chunks");
  const hsize_t before = extents_of(dataset).at(0), after = before + rows;
  const hsize_t chunks = (after + chunk - 1) / chunk - (before + chunk - 1) / chunk;
  return static_cast<std::int64_t>(chunks * (chunk * H5Tget_size(type.id()) + checksum_bytes));
}

void shorten(const Handle& dataset, std::size_t rows) {
  const hsize_t extent = rows;
  dataset.check(H5Dset_extent(dataset.id(), &extent), "shorten a table");
}

void append(const Handle& dataset, hid_t type, const void* data, std::size_t rows) {
  if (rows == 0) return;
  const hsize_t old = extents_of(dataset).at(0), total = old + rows;
  dataset.check(H5Dset_extent(dataset.id(), &total), "extend a dataset");
  write_rows(dataset, type, data, old, rows);
}

void write_rows(const Handle& dataset, hid_t type, const void* data, std::size_t first, std::size_t rows) {
  const hsize_t count = rows;
  const Handle memory = simple_space(dataset, {&count, 1});
  const Handle place =
      block_of(dataset, Shape{static_cast<std::int64_t>(extents_of(dataset).at(0))},
               Shape{static_cast<std::int64_t>(first)}, Shape{static_cast<std::int64_t>(rows)});
  dataset.check(H5Dwrite(dataset.id(), type, memory.id(), place.id(), H5P_DEFAULT, data), "write rows");
}

}  // namespace heddle::io::h5
