// The maps of a program that were started and are not done: nodes go on until one touches their memory.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "heddle/base/tensor.hpp"
#include "heddle/comm/request.hpp"
#include "heddle/exec/observer.hpp"

namespace heddle::exec {

/// A map is told by the memory that it reads and writes, not by the values that lie there: where the plan
/// gives a dead value's bytes to another one, that one's first writer waits as well, and the plan need not
/// know of any delay.
class MapsUnderWay {
 public:
  struct Map {
    comm::Request request;
    Tensor in, out;
    Piece wait;          ///< what observers are told of it
    std::string action;  ///< what a hang report calls it
  };

  void add(Map map);
  /// To be called before a node runs that reads and writes this memory: waits for the maps that write what it
  /// reads, or read or write what it writes, and moves the others on.
  void settle(std::span<const Tensor> reads, std::span<const Tensor> writes, Observer* observer);
  /// Whether `settle` would have found a map that this memory must wait for; not whether it is done.
  bool touched(std::span<const Tensor> reads, std::span<const Tensor> writes) const;
  bool empty() const { return maps_.empty(); }
  void finish(Observer* observer);

 private:
  static void wait(Map& map, Observer* observer);

  std::vector<Map> maps_;
};

}  // namespace heddle::exec
