// Attributes and texts: the small, named things of a file.
#include <algorithm>

#include "hdf5.hpp"

namespace heddle::io::h5 {
namespace {

void write_scalar(const Handle& object, const std::string& name, hid_t type, const void* value) {
  const Handle space = simple_space(object, {});
  if (has_attribute(object, name))
    object.check(H5Adelete(object.id(), name.c_str()), "replace attribute " + name);
  const hid_t id = H5Acreate2(object.id(), name.c_str(), type, space.id(), H5P_DEFAULT, H5P_DEFAULT);
  const Handle attribute(id, H5Aclose, object, "create attribute " + name);
  attribute.check(H5Awrite(attribute.id(), type, value), "write attribute " + name);
}

Handle open_attribute(const Handle& object, const std::string& name) {
  return Handle::found(H5Aopen(object.id(), name.c_str(), H5P_DEFAULT), H5Aclose, object,
                       "attribute " + name);
}

template <class T>
T read_scalar(const Handle& object, const std::string& name, hid_t type) {
  T value{};
  const Handle attribute = open_attribute(object, name);
  const Handle space(H5Aget_space(attribute.id()), H5Sclose, object, "read attribute " + name);
  if (H5Sget_simple_extent_npoints(space.id()) != 1)
    throw Error(ExitCode::usage, object.path() + ": attribute " + name + " is not a single value");
  attribute.check(H5Aread(attribute.id(), type, &value), "read attribute " + name);
  return value;
}

/// The bytes of one fixed-length string; anything else is not ours.
std::size_t string_bytes(const Handle& type, const std::string& name) {
  if (H5Tget_class(type.id()) != H5T_STRING || H5Tis_variable_str(type.id()) > 0)
    throw Error(ExitCode::usage, type.path() + ": " + name + " is not a text of fixed length");
  return H5Tget_size(type.id());
}

std::string without_padding(std::string text) {
  while (!text.empty() && text.back() == '\0') text.pop_back();
  return text;
}

}  // namespace

void write_attribute(const Handle& object, const std::string& name, std::int64_t value) {
  write_scalar(object, name, H5T_NATIVE_INT64, &value);
}

void write_attribute(const Handle& object, const std::string& name, double value) {
  write_scalar(object, name, H5T_NATIVE_DOUBLE, &value);
}

void write_attribute(const Handle& object, const std::string& name, std::string_view value) {
  const std::string text(value);
  write_scalar(object, name, string_type(object, text.size()).id(), text.c_str());
}

std::int64_t read_integer(const Handle& object, const std::string& name) {
  return read_scalar<std::int64_t>(object, name, H5T_NATIVE_INT64);
}

double read_real(const Handle& object, const std::string& name) {
  return read_scalar<double>(object, name, H5T_NATIVE_DOUBLE);
}

std::string read_string(const Handle& object, const std::string& name) {
  const Handle attribute = open_attribute(object, name);
  const Handle type(H5Aget_type(attribute.id()), H5Tclose, object, "read attribute " + name);
  std::string text(string_bytes(type, "attribute " + name), '\0');
  attribute.check(H5Aread(attribute.id(), type.id(), text.data()), "read attribute " + name);
  return without_padding(std::move(text));
}

bool has_attribute(const Handle& object, const std::string& name) {
  const htri_t found = H5Aexists(object.id(), name.c_str());
  object.check(found, "look for attribute " + name);
  return found > 0;
}

void write_text(const Handle& parent, const std::string& name, std::string_view text) {
  const Handle type = string_type(parent, text.size());
  const Handle dataset = create_dataset(parent, name, type.id(), simple_space(parent, {}));
  const std::string copy(text);
  dataset.check(H5Dwrite(dataset.id(), type.id(), H5S_ALL, H5S_ALL, H5P_DEFAULT, copy.c_str()),
                "write " + name);
}

std::string read_text(const Handle& parent, const std::string& name) {
  const auto lines = read_lines(parent, name);
  if (lines.size() != 1) throw Error(ExitCode::usage, parent.path() + ": " + name + " is not one text");
  return lines[0];
}

void write_lines(const Handle& parent, const std::string& name, std::span<const std::string> lines) {
  std::size_t width = 1;
  for (const auto& line : lines) width = std::max(width, line.size());
  std::string table(width * lines.size(), '\0');
  for (std::size_t i = 0; i < lines.size(); ++i)
    std::copy(lines[i].begin(), lines[i].end(), table.begin() + static_cast<std::ptrdiff_t>(i * width));
  const hsize_t count = lines.size();
  const Handle type = string_type(parent, width);
  const Handle dataset = create_dataset(parent, name, type.id(), simple_space(parent, {&count, 1}));
  if (!lines.empty())
    dataset.check(H5Dwrite(dataset.id(), type.id(), H5S_ALL, H5S_ALL, H5P_DEFAULT, table.data()),
                  "write " + name);
}

std::vector<std::string> read_lines(const Handle& parent, const std::string& name) {
  const Handle dataset = open_dataset(parent, name);
  const Handle type(H5Dget_type(dataset.id()), H5Tclose, parent, "read " + name);
  const std::size_t width = string_bytes(type, name);
  demand_possible(dataset, name);
  std::size_t count = 1;
  for (hsize_t extent : extents_of(dataset)) count *= extent;
  std::string table(width * count, '\0');
  if (count > 0)
    dataset.check(H5Dread(dataset.id(), type.id(), H5S_ALL, H5S_ALL, H5P_DEFAULT, table.data()),
                  "read " + name);
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < count; ++i) lines.push_back(without_padding(table.substr(i * width, width)));
  return lines;
}

}  // namespace heddle::io::h5
