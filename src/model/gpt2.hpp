// GPT-2 (Radford et al., "Language Models are Unsupervised Multitask Learners", 2019).
#pragma once

#include "heddle/model/build.hpp"

namespace heddle::model {

graph::Graph gpt2(const deck::Model& model, Head head, DType dtype);

}  // namespace heddle::model
