// The choices of products as JSON.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "heddle/exec/product_choices.hpp"

namespace heddle::exec {
namespace {

using Json = nlohmann::ordered_json;
using kernels::ProductAlgorithm;
using kernels::ProductKey;

constexpr auto format = "heddle products";
constexpr int version = 2;  // the first knew no gelu

std::string hexadecimal(const ProductAlgorithm& algorithm) {
  std::string digits;
  for (const std::byte byte : algorithm) digits += fmt::format("{:02x}", static_cast<int>(byte));
  return digits;
}

ProductAlgorithm algorithm_of(const std::string& digits) {
  ProductAlgorithm algorithm;
  if (digits.size() != 2 * algorithm.size() ||
      digits.find_first_not_of("0123456789abcdef") != std::string::npos)
    throw Error(ExitCode::usage, fmt::format("an algorithm is no {} bytes", algorithm.size()));
  for (std::size_t i = 0; i < algorithm.size(); ++i)
    algorithm[i] = static_cast<std::byte>(std::stoi(digits.substr(2 * i, 2), nullptr, 16));
  return algorithm;
}

DType type_of(const std::string& text) {
  for (const DType type : {DType::f32, DType::f64, DType::bf16})
    if (text == name(type)) return type;
  throw Error(ExitCode::usage, fmt::format("{} is no type of a product", text));
}

/// What factors are rounded to says also what they are stored as.
std::string_view factors_of(const ProductKey& key) {
  return key.rounding == Rounding::none ? name(key.factors) : name(key.rounding);
}

Json json_of(const ProductKey& key, const ProductChoice& choice) {
  return {{"factors", factors_of(key)},
          {"result", name(key.result)},
          {"rows", key.rows},
          {"columns", key.columns},
          {"inner", key.inner},
          {"strides", {key.a_stride, key.b_stride, key.c_stride}},
          {"transposed", {key.flips_a, key.flips_b}},
          {"accumulates", key.accumulates},
          {"bias", key.has_bias},
          {"gelu", key.has_gelu},
          {"alignment", key.alignment},
          {"candidate", choice.candidate},
          {"seconds", choice.seconds},
          {"algorithm", hexadecimal(choice.algorithm)}};
}

ProductKey key_of(const Json& json) {
  const std::string factors = json.at("factors");
  const bool rounded = factors == name(Rounding::tf32);
  return {.factors = rounded ? DType::f32 : type_of(factors),
          .result = type_of(json.at("result")),
          .rounding = rounded ? Rounding::tf32 : Rounding::none,
          .flips_a = json.at("transposed").at(0),
          .flips_b = json.at("transposed").at(1),
          .accumulates = json.at("accumulates"),
          .has_bias = json.at("bias"),
          .has_gelu = json.value("gelu", false),
          .rows = json.at("rows"),
          .columns = json.at("columns"),
          .inner = json.at("inner"),
          .a_stride = json.at("strides").at(0),
          .b_stride = json.at("strides").at(1),
          .c_stride = json.at("strides").at(2),
          .alignment = json.at("alignment")};
}

}  // namespace

std::string text_of(const ProductChoices& choices, const std::string& library) {
  Json products = Json::array();
  for (const auto& [key, choice] : choices) products.push_back(json_of(key, choice));
  const Json file = {
      {"format", format}, {"version", version}, {"library", library}, {"products", std::move(products)}};
  return file.dump(1) + "\n";
}

ProductChoices choices_of(const std::string& text, const std::string& library) {
  ProductChoices choices;
  try {
    const Json file = Json::parse(text);
    const int of_file = file.at("format") == format ? file.at("version").get<int>() : 0;
    if (of_file < 1 || of_file > version)
      throw Error(ExitCode::usage, fmt::format("it is no list of products of version {}", version));
    if (file.at("library") != library)
      throw Error(ExitCode::usage,
                  fmt::format("its products are of {}", file.at("library").get<std::string>()));
    for (const Json& product : file.at("products"))
      choices[key_of(product)] = {algorithm_of(product.at("algorithm")), product.at("candidate"),
                                  product.at("seconds")};
  } catch (const Json::exception& error) {
    throw Error(ExitCode::usage, error.what());
  }
  return choices;
}

}  // namespace heddle::exec
