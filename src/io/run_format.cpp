#include "run_format.hpp"

#include "kept_events.hpp"

namespace heddle::io::run_format {
namespace {

/// The kinds of actions by the words of the schedule's text, so that a reader sees "SEND_F" and not 5.
h5::Handle action_kinds(const h5::Handle& file) {
  h5::Handle type(H5Tenum_create(H5T_STD_U8LE), H5Tclose, file, "make a type");
  for (int i = 0; i < schedule::action_kind_count; ++i) {
    const auto value = static_cast<std::uint8_t>(i);
    const std::string word(schedule::name(static_cast<schedule::ActionKind>(i)));
    type.check(H5Tenum_insert(type.id(), word.c_str(), &value), "make a type");
  }
  return type;
}

}  // namespace

h5::Handle access(const std::string& path) {
  h5::Handle access = h5::file_access(path);
  access.check(H5Pset_file_locking(access.id(), false, true), "prepare access");
  return access;
}

RowType row_type(const h5::Handle& file, std::span<const Column> columns, std::size_t row_bytes) {
  std::size_t packed = 0;
  for (const auto& column : columns) packed += H5Tget_size(column.file);
  RowType row{h5::Handle(H5Tcreate(H5T_COMPOUND, row_bytes), H5Tclose, file, "make a row type"),
              h5::Handle(H5Tcreate(H5T_COMPOUND, packed), H5Tclose, file, "make a row type")};
  std::size_t place = 0;
  for (const auto& column : columns) {
    row.memory.check(H5Tinsert(row.memory.id(), column.name, column.offset, column.memory),
                     "make a row type");
    row.file.check(H5Tinsert(row.file.id(), column.name, place, column.file), "make a row type");
    place += H5Tget_size(column.file);
  }
  return row;
}

RowType step_row(const h5::Handle& file) {
  const hid_t integer = H5T_NATIVE_INT64, real = H5T_NATIVE_DOUBLE;
  const Column columns[] = {
      {"step", offsetof(StepRow, step), integer, H5T_STD_I64LE},
      {"loss", offsetof(StepRow, loss), real, H5T_IEEE_F64LE},
      {"validation_loss", offsetof(StepRow, validation_loss), real, H5T_IEEE_F64LE},
      {"rate", offsetof(StepRow, rate), real, H5T_IEEE_F64LE},
      {"gradient_norm", offsetof(StepRow, gradient_norm), real, H5T_IEEE_F64LE},
      {"tokens", offsetof(StepRow, tokens), integer, H5T_STD_I64LE},
      {"seconds", offsetof(StepRow, seconds), real, H5T_IEEE_F64LE},
  };
  return row_type(file, columns, sizeof(StepRow));
}

RowType event_row(const h5::Handle& file) {
  const h5::Handle kinds = action_kinds(file);
  const Column columns[] = {
      {"step", offsetof(EventRow, step), H5T_NATIVE_INT64, H5T_STD_I32LE},
      {"kind", offsetof(EventRow, event.action.kind), kinds.id(), kinds.id()},
      {"stage", offsetof(EventRow, event.action.stage), H5T_NATIVE_INT, H5T_STD_I16LE},
      {"microbatch", offsetof(EventRow, event.action.microbatch), H5T_NATIVE_INT, H5T_STD_I32LE},
      {"slice", offsetof(EventRow, event.action.slice), H5T_NATIVE_INT, H5T_STD_I32LE},
      {"begin", offsetof(EventRow, event.begin), H5T_NATIVE_DOUBLE, H5T_IEEE_F64LE},
      {"end", offsetof(EventRow, event.end), H5T_NATIVE_DOUBLE, H5T_IEEE_F64LE},
  };
  RowType row = row_type(file, columns, sizeof(EventRow));
  HEDDLE_EXPECT(static_cast<std::int64_t>(H5Tget_size(row.file.id())) == event_row_bytes);
  return row;
}

RowType passed_over_row(const h5::Handle& file) {
  const Column columns[] = {
      {"step", offsetof(PassedOver, step), H5T_NATIVE_INT64, H5T_STD_I32LE},
      {"first_sample", offsetof(PassedOver, first_sample), H5T_NATIVE_INT64, H5T_STD_I64LE},
      {"samples", offsetof(PassedOver, samples), H5T_NATIVE_INT64, H5T_STD_I64LE},
      {"loss", offsetof(PassedOver, loss), H5T_NATIVE_DOUBLE, H5T_IEEE_F64LE},
      {"gradient_norm", offsetof(PassedOver, gradient_norm), H5T_NATIVE_DOUBLE, H5T_IEEE_F64LE},
  };
  return row_type(file, columns, sizeof(PassedOver));
}

h5::Handle step_column(const h5::Handle& file) {
  const Column columns[] = {{"step", 0, H5T_NATIVE_INT64, H5T_STD_I32LE}};
  return row_type(file, columns, sizeof(std::int64_t)).memory;
}

RowType action_time_row(const h5::Handle& file) {
  const h5::Handle kinds = action_kinds(file);
  const Column columns[] = {
      {"rank", offsetof(ActionTime, rank), H5T_NATIVE_INT64, H5T_STD_I32LE},
      {"kind", offsetof(ActionTime, kind), kinds.id(), kinds.id()},
      {"actions", offsetof(ActionTime, actions), H5T_NATIVE_INT64, H5T_STD_I64LE},
      {"seconds", offsetof(ActionTime, seconds), H5T_NATIVE_DOUBLE, H5T_IEEE_F64LE},
  };
  return row_type(file, columns, sizeof(ActionTime));
}

RowType step_times_row(const h5::Handle& file) {
  const Column columns[] = {
      {"steps", offsetof(StepTimes, steps), H5T_NATIVE_INT64, H5T_STD_I64LE},
      {"seconds", offsetof(StepTimes, seconds), H5T_NATIVE_DOUBLE, H5T_IEEE_F64LE},
  };
  return row_type(file, columns, sizeof(StepTimes));
}

RowType memory_row(const h5::Handle& file, std::size_t region_width, std::size_t row_bytes) {
  const h5::Handle text = h5::string_type(file, region_width);
  const Column columns[] = {
      {"rank", 0, H5T_NATIVE_INT64, H5T_STD_I32LE},
      {"bytes", sizeof(std::int64_t), H5T_NATIVE_INT64, H5T_STD_I64LE},
      {"region", 2 * sizeof(std::int64_t), text.id(), text.id()},
  };
  return row_type(file, columns, row_bytes);
}

void create_table(const h5::Handle& parent, const std::string& name, const RowType& row, const void* rows,
                  std::size_t count) {
  const hsize_t extent = count;
  h5::create_dataset(parent, name, row.file.id(), h5::simple_space(parent, {&extent, 1}));
  if (count > 0) rewrite_table(parent, name, row, rows);
}

void rewrite_table(const h5::Handle& parent, const std::string& name, const RowType& row, const void* rows) {
  const auto table = h5::open_dataset(parent, name);
  table.check(H5Dwrite(table.id(), row.memory.id(), H5S_ALL, H5S_ALL, H5P_DEFAULT, rows), "write " + name);
}

}  // namespace heddle::io::run_format
