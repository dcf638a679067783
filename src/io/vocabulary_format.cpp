#include "vocabulary_format.hpp"

#include <algorithm>

namespace heddle::io {

void write_vocabulary(const h5::Handle& group, const Vocabulary& vocabulary) {
  h5::write_attribute(group, "tokenizer", name(vocabulary.kind));
  h5::write_attribute(group, "vocabulary", vocabulary.size);
  if (vocabulary.characters.empty()) return;
  const hsize_t count = vocabulary.characters.size();
  const auto table =
      h5::create_dataset(group, "characters", H5T_STD_U32LE, h5::simple_space(group, {&count, 1}));
  table.check(
      H5Dwrite(table.id(), H5T_NATIVE_UINT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, vocabulary.characters.data()),
      "write the characters");
}

Vocabulary read_vocabulary(const h5::Handle& group) {
  const auto contradiction = [&](const char* why) {
    throw Error(ExitCode::usage, group.path() + ": the vocabulary contradicts itself", why);
  };
  Vocabulary vocabulary;
  const auto kind = token_kind(h5::read_string(group, "tokenizer"));
  if (!kind) contradiction("the tokenizer is neither byte nor char");
  vocabulary.kind = *kind;
  vocabulary.size = h5::read_integer(group, "vocabulary");
  if (vocabulary.size < 1 || vocabulary.size > 1ll << 31) contradiction("its size is not between 1 and 2^31");
  if (*kind == TokenKind::byte) return vocabulary;

  const auto table = h5::open_dataset(group, "characters");
  const auto extents = h5::extents_of(table);
  if (extents.size() != 1 || extents[0] != static_cast<hsize_t>(vocabulary.size))
    contradiction("/characters has another length than the vocabulary");
  auto& characters = vocabulary.characters;
  characters.resize(extents[0]);
  table.check(H5Dread(table.id(), H5T_NATIVE_UINT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, characters.data()),
              "read the characters");
  if (std::adjacent_find(characters.begin(), characters.end(), std::greater_equal<>()) != characters.end())
    contradiction("/characters is not in ascending order");
  return vocabulary;
}

}  // namespace heddle::io
