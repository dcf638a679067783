#include "home.hpp"

#include "heddle/base/environment.hpp"

namespace heddle::deck {
namespace {

Verdict expand_home(Word key, std::string& path) {
  if (!path.starts_with('~')) return {};
  if (path.size() > 1 && path[1] != '/')
    return Mistake{fmt::format("{} = {} is in another user's home", key, for_message(literal(path))),
                   "only ~/, your own, is known", "write the whole path, or ./~ for a file of that name"};
  const std::string home = environment("HOME");
  if (home.empty())
    return Mistake{fmt::format("{} = {} is in no home", key, for_message(literal(path))), "HOME is not set",
                   "write the whole path"};
  path.replace(0, 1, home);
  return {};
}

}  // namespace

void expand_homes(Deck& deck, const std::function<void(Word key, const Mistake&)>& refuse) {
  const auto expand = [&](Word key, std::string& path) {
    if (const auto mistake = expand_home(key, path)) refuse(key, *mistake);
  };
  expand("data.tokens", deck.data.tokens);
  expand("output.directory", deck.output.directory);
  expand("cost.from", deck.cost.from);
  expand("cost.machine", deck.cost.machine);
  std::string& schedule = deck.pipeline.schedule;
  if (!schedule.starts_with(schedule_file)) return;
  std::string path = schedule.substr(schedule_file.size());
  expand("pipeline.schedule", path);
  schedule = std::string(schedule_file) + path;
}

}  // namespace heddle::deck
