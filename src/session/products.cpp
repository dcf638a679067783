#include "heddle/session/products.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "heddle/base/aside_file.hpp"
#include "heddle/base/cache_folder.hpp"
#include "heddle/deck/print.hpp"
#include "heddle/exec/product_choices.hpp"
#include "heddle/exec/product_keys.hpp"

namespace heddle::session {
namespace {

using exec::ProductChoices;

/// The choices that one library's products were computed with before.
class Kept {
 public:
  explicit Kept(std::string library) : library_(std::move(library)), path_(products_file(library_)) {}

  const std::string& path() const { return path_; }

  ProductChoices read(std::vector<std::string>& remarks) const {
    std::error_code ignored;
    if (path_.empty() || !std::filesystem::exists(path_, ignored)) return {};
    try {
      std::ifstream file(path_, std::ios::binary);
      const std::string text(std::istreambuf_iterator<char>(file), {});
      if (!file || file.bad()) throw Error(ExitCode::usage, "it cannot be read");
      return exec::choices_of(text, library_);
    } catch (const Error& error) {
      remarks.push_back(fmt::format("{}: searching products anew ({})", path_, error.what()));
      return {};
    }
  }

  void write(const ProductChoices& choices, std::vector<std::string>& remarks) const {
    try {
      if (path_.empty()) throw Error(ExitCode::usage, "HEDDLE_CACHE, XDG_CACHE_HOME and HOME are not set");
      make_folder_of(path_);
      write_text(path_, exec::text_of(choices, library_));
    } catch (const Error& error) {
      remarks.push_back(fmt::format("the next run will search its products anew ({})", error.what()));
    }
  }

 private:
  std::string library_, path_;
};

std::set<kernels::ProductKey> keys_of(const plan::Plan& plan, Rank rank) {
  std::set<kernels::ProductKey> keys;
  const PipelineRank place = plan.pipeline_rank(rank);
  for (const plan::Execution* execution : {&plan.training, &plan.evaluation})
    keys.merge(exec::product_keys(execution->programs[place], plan.of(*execution, rank)));
  return keys;
}

void take_over(ProductChoices& kept, const std::string& earlier, const std::string& library,
               std::vector<std::string>& remarks) {
  if (earlier.empty()) return;
  try {
    for (const auto& [key, choice] : exec::choices_of(earlier, library)) kept[key] = choice;
  } catch (const Error& error) {
    remarks.push_back(fmt::format(
        "products are not computed as in the run that goes on ({}); bits may differ", error.what()));
  }
}

std::string summary(const exec::AgreedProducts& agreed, const std::string& path) {
  const std::size_t kinds = agreed.choices.size();
  if (agreed.searched == 0) return fmt::format("algorithms of {} kinds of products from {}", kinds, path);
  return fmt::format("algorithms of {} kinds of products, {} of them searched in {:.1f} s", kinds,
                     agreed.searched, agreed.seconds);
}

}  // namespace

std::string products_file(const std::string& library) {
  const std::string folder = cache_folder();
  if (folder.empty()) return "";
  std::string name = "products " + library + ".json";
  std::ranges::replace_if(
      name, [](unsigned char c) { return !std::isalnum(c) && c != '.'; }, '_');
  return (std::filesystem::path(folder) / name).string();
}

Products choose_products(kernels::ProductLibrary& library, const plan::Plan& plan,
                         const comm::Communicator& ranks, Rank rank, const std::string& earlier) {
  Products products;
  const Kept file(library.name());
  ProductChoices kept;
  if (ranks.rank() == 0) {
    kept = file.read(products.remarks);
    take_over(kept, earlier, library.name(), products.remarks);
  }
  const auto agreed = exec::agree_on_products(library, ranks, keys_of(plan, rank), kept);
  if (!agreed) {
    products.remarks.push_back(
        "products are not searched (the ranks' GPUs or libraries differ); each takes its library's first "
        "algorithm");
    return products;
  }
  products.text = exec::text_of(agreed->choices, library.name());
  products.remarks.push_back(summary(*agreed, file.path()));
  if (ranks.rank() == 0 && agreed->searched > 0) {
    for (const auto& [key, choice] : agreed->choices) kept[key] = choice;
    file.write(kept, products.remarks);
  }
  return products;
}

std::string remark(Precision precision) {
  if (const std::string_view why = kernels::lacks_tf32(); precision == Precision::tf32 && !why.empty())
    return fmt::format("train.precision = \"tf32\": products are computed in fp32 ({})", why);
  const std::string_view slow = kernels::slow_products(stream_type(precision));
  return slow.empty() ? ""
                      : fmt::format("train.precision = \"{}\" is slow here: {}", deck::name(precision), slow);
}

}  // namespace heddle::session
