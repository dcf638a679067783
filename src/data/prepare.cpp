#include "heddle/data/prepare.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

#include "heddle/base/aside_file.hpp"
#include "heddle/base/error.hpp"
#include "heddle/data/tokenizer.hpp"
#include "heddle/io/token_file.hpp"

namespace heddle::data {
namespace {

std::string read_text(const std::string& path) {
  if (std::filesystem::is_directory(path))
    throw Error(ExitCode::usage, path + ": cannot read the text", "it is a directory", "name a text file");
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(ExitCode::usage, path + ": cannot read the text", "no such file, or no permission");
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (text.empty()) throw Error(ExitCode::usage, path + ": the text is empty");
  return text;
}

}  // namespace

PrepareReport prepare(const std::string& text_file, const std::string& tokens_file, io::TokenKind kind) {
  const std::string text = read_text(text_file);
  const auto tokenizer = Tokenizer::for_text(kind, text, text_file);
  const auto ids = tokenizer.encode(text);

  make_folder_of(tokens_file);
  const auto source = std::filesystem::path(text_file).filename().string();
  io::TokenFileWriter writer(tokens_file, {tokenizer.vocabulary(), source, io::crc32(text)});
  writer.append(ids);
  writer.finish();
  return {static_cast<std::int64_t>(ids.size()), tokenizer.vocabulary().size,
          static_cast<std::int64_t>(text.size()),
          static_cast<std::int64_t>(std::filesystem::file_size(tokens_file))};
}

}  // namespace heddle::data
