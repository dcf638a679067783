// Where a step's numbers went wrong: it is made once more, and what every node reads and makes is looked at.
#pragma once

#include <optional>
#include <string>

#include "heddle/base/finite.hpp"
#include "heddle/comm/world.hpp"
#include "heddle/session/trainer.hpp"

namespace heddle::session {

/// The first place of any rank where a number that is NaN or infinite came of finite ones.
struct Origin {
  /// "[3, 17] of layers.3.attention.heads is nan, which attention made of finite numbers in 1F0, stage 1, microbatch 0, block layers.3, on rank 5 (node7)"
  std::string what;
  std::int64_t first_sample, samples;  ///< of the step's batch, that were being learnt there
  bool before;                         ///< it was there before the step
};

/// Watches a step's nodes, one after the other.
class OriginFinder final : public exec::Observer {
 public:
  /// Both must outlive it. What the trainer holds before the step is looked at here.
  OriginFinder(const Trainer& trainer, const exec::Clock& clock);

  bool watches_pieces() const override { return true; }
  void piece_begins(const exec::Piece& piece) override;
  void piece_ended(const exec::Piece& piece) override;

  /// Collective, after the step. None where all were finite on every rank.
  std::optional<Origin> first(const comm::World& world) const;

 private:
  /// Handed from rank to rank, the text beside it.
  struct Found {
    bool made;  ///< of finite numbers, by a kernel, or there before the step; else it came from elsewhere
    double seconds;  ///< on the clock of all ranks
    std::int64_t first_sample, samples;
    bool before;
  };
  std::optional<NotFinite> look(const Tensor& tensor) const;
  std::string where_from(graph::ValueId value) const;
  void keep(bool made, const exec::Piece& piece, graph::ValueId value, const Tensor& tensor,
            const NotFinite& number, const std::string& how);
  void reads(const exec::Piece& piece, graph::ValueId value, const Tensor& tensor, const NotFinite& number);

  const Trainer& trainer_;
  const exec::Clock& clock_;
  std::optional<Found> found_;
  std::string what_;
  bool reads_finite_ = false;  ///< the piece that began last
};

}  // namespace heddle::session
