#include "heddle/model/build.hpp"

#include "gpt2.hpp"

namespace heddle::model {

graph::Graph build(const deck::Model& model, Head head, DType dtype) {
  return gpt2(model, head, dtype);  // the deck's family has one choice yet
}

}  // namespace heddle::model
