#include "together.hpp"

#include <string>

#include "heddle/base/error.hpp"
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

void together(const comm::Communicator& ranks, const std::function<void()>& body) {
  for (const auto& error :
       comm::gather(ranks, error_of(body), comm::Receivers::all, "all ranks to take part in writing a file"))
    if (!error.empty()) throw WriteFailure(static_cast<ExitCode>(error[0]), error.substr(1));
}

}  // namespace heddle::io
