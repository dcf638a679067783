#include "heddle/comm/first_error.hpp"

#include "heddle/comm/gather.hpp"

namespace heddle::comm {
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

std::optional<Error> first_error(const Communicator& ranks, const std::function<void()>& body,
                                 const std::string& action) {
  for (const auto& error : gather(ranks, error_of(body), Receivers::all, action))
    if (!error.empty()) return Error(static_cast<ExitCode>(error[0]), error.substr(1));
  return {};
}

}  // namespace heddle::comm
