// How a vocabulary lies in a file: attributes `tokenizer` and `vocabulary`, and for characters
// a table /characters.
#pragma once

#include "hdf5.hpp"
#include "heddle/io/vocabulary.hpp"

namespace heddle::io {

void write_vocabulary(const h5::Handle& group, const Vocabulary& vocabulary);
/// Error(usage) for a vocabulary that contradicts itself.
Vocabulary read_vocabulary(const h5::Handle& group);

}  // namespace heddle::io
