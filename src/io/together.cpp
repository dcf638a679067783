#include "together.hpp"

#include "heddle/comm/first_error.hpp"
#include "heddle/io/checkpoint.hpp"

namespace heddle::io {

void together(const comm::Communicator& ranks, const std::function<void()>& body) {
  if (const auto error = comm::first_error(ranks, body, "all ranks to take part in writing a file"))
    throw WriteFailure(error->code(), error->what());
}

}  // namespace heddle::io
