#include "together.hpp"

#include "heddle/comm/gather.hpp"
#include "heddle/io/checkpoint.hpp"

namespace heddle::io {
namespace {

/// Nothing if `body` succeeds, else its error: the code as the first character, then the message.
std::string error_of(const std::function<void()>& body) {
  const auto text = [](ExitCode code, const char* what) {
    return static_cast<char>(code) + std::string(what);
  };
  try {
    body();
  } catch (const Error& error) {
    return text(error.code(), error.what());
  } catch (const std::exception& error) {
    return text(ExitCode::failure, error.what());
  }
  return {};
}

}  // namespace

std::optional<Error> first_error(const comm::Communicator& ranks, const std::function<void()>& body,
                                 const std::string& action) {
  for (const auto& error : comm::gather(ranks, error_of(body), comm::Receivers::all, action))
    if (!error.empty()) return Error(static_cast<ExitCode>(error[0]), error.substr(1));
  return {};
}

void together(const comm::Communicator& ranks, const std::function<void()>& body) {
  if (const auto error = first_error(ranks, body, "all ranks to take part in writing a file"))
    throw WriteFailure(error->code(), error->what());
}

}  // namespace heddle::io
