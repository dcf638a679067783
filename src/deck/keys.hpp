// The table of all keys. Parsing, bounds, the resolved deck, the reference and the nearest names come from
// it, so that adding a key is adding its member to deck.hpp and one line to keys.cpp.
#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "codec.hpp"

namespace heddle::deck {

enum class Need : bool { optional, required };
/// A section of tools is printed in a resolved deck only where it says something.
enum class Shown : bool { always, where_given };

/// One key of the struct `Owner`: a section's while the table is written, the whole Deck's once it stands.
template <class Owner>
struct KeyOf {
  std::string name;  ///< within its section while the table is written, then "section.name"
  std::string type, range, unit, meaning;
  Need need;
  std::function<Verdict(Owner&, const std::string& full_name, const toml::node&)> read;
  std::function<std::string(const Owner&)> print;
};

struct Key : KeyOf<Deck> {
  std::string_view bare_name() const { return std::string_view(name).substr(name.find('.') + 1); }
};

struct Section {
  std::string name, meaning;
  std::vector<Key> keys;
  Shown shown = Shown::always;
};

const std::vector<Section>& sections();
const Section* find_section(std::string_view name);
const Key* find_key(std::string_view full_name);

/// As if it was not given.
void set_default(Deck& deck, const Key& key);

/// `member` is a pointer to one, or a function from an Owner to it.
template <class Owner, class Member>
KeyOf<Owner> key_of(std::string_view name, Member member, Range range, const char* unit, const char* meaning,
                    Need need = Need::optional) {
  using T = std::remove_cvref_t<std::invoke_result_t<Member, const Owner&>>;
  return {.name = std::string(name),
          .type = Codec<T>::type(),
          .range = Codec<T>::range(range),
          .unit = unit,
          .meaning = meaning,
          .need = need,
          .read =
              [=](Owner& owner, const std::string& full_name, const toml::node& node) {
                return Codec<T>::read({full_name, meaning, range}, node, std::invoke(member, owner));
              },
          .print = [=](const Owner& owner) { return Codec<T>::print(std::invoke(member, owner)); }};
}

template <class Owner, class T>
KeyOf<Owner> key(const char* name, T Owner::*member, Range range, const char* unit, const char* meaning,
                 Need need = Need::optional) {
  return key_of<Owner>(name, member, range, unit, meaning, need);
}

template <class Owner>
Section section(const char* name, Owner Deck::*member, const char* meaning,
                std::initializer_list<KeyOf<Owner>> keys, Shown shown = Shown::always) {
  Section made{name, meaning, {}, shown};
  for (const auto& key : keys)
    made.keys.push_back(
        {{.name = made.name + "." + key.name,
          .type = key.type,
          .range = key.range,
          .unit = key.unit,
          .meaning = key.meaning,
          .need = key.need,
          .read = [=](Deck& deck, const std::string& full_name,
                      const toml::node& node) { return key.read(deck.*member, full_name, node); },
          .print = [=](const Deck& deck) { return key.print(deck.*member); }}});
  return made;
}

}  // namespace heddle::deck
