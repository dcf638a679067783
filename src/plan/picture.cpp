#include "picture.hpp"

#include <cairo.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <numbers>

#include "heddle/base/aside_file.hpp"
#include "heddle/base/error.hpp"

namespace heddle::plan {
namespace {

using schedule::ActionKind;

struct Colour {
  double red, green, blue;
};
constexpr Colour rgb(int hex) {
  return {(hex >> 16 & 255) / 255.0, (hex >> 8 & 255) / 255.0, (hex & 255) / 255.0};
}
constexpr Colour white = rgb(0xffffff), ink = rgb(0x2b2b33), quiet = rgb(0x7a7a85), idle = rgb(0xf0f0f3);

Colour mixed(const Colour& a, const Colour& b, double share_of_b) {
  const auto mix = [&](double x, double y) { return x + (y - x) * share_of_b; };
  return {mix(a.red, b.red), mix(a.green, b.green), mix(a.blue, b.blue)};
}

/// What is drawn, in the colours of analysis/timeline.py.
struct Group {
  const char* name;
  Colour colour;
};
constexpr std::array groups = {
    Group{"forward", rgb(0x5b8fd0)},        Group{"backward", rgb(0xe39a4f)},
    Group{"input gradient", rgb(0xe9b872)}, Group{"weight gradient", rgb(0x79b58b)},
    Group{"gradient sum", rgb(0x8a63a8)},   Group{"optimizer", rgb(0x5a5a66)}};

/// -1 for what is not drawn: a wait is the background.
int group_of(ActionKind kind) {
  if (is_compute(kind)) return static_cast<int>(kind);
  if (kind == ActionKind::reduce_gradients) return 4;
  return kind == ActionKind::step ? 5 : -1;
}

/// Pixels.
constexpr double width = 1800, left = 110, right = 40, above = 118, below = 76,
                 tallest = 30000;  // all rows: more than 32767 cairo does not draw

class Drawing {
 public:
  explicit Drawing(const Picture& picture)
      : picture_(picture),
        ranks_(picture.schedule.ranks()),
        row_(std::clamp(1000.0 / std::max(ranks_, 1), std::min(12.0, tallest / std::max(ranks_, 1)), 56.0)),
        height_(above + row_ * ranks_ + below),
        surface_(cairo_image_surface_create(CAIRO_FORMAT_RGB24, static_cast<int>(width),
                                            static_cast<int>(height_)),
                 cairo_surface_destroy),
        cairo_(cairo_create(surface_.get()), cairo_destroy) {
    for (const auto& events : picture.timeline)
      for (const schedule::Event& event : events) end_ = std::max(end_, event.end);
    end_ *= picture.units;
    fill(white, 0, 0, width, height_);
    draw_head();
    draw_axis();
    for (int rank = 0; rank < ranks_; ++rank) draw_rank(rank);
  }

  cairo_status_t write(const std::string& path) const {
    return cairo_surface_write_to_png(surface_.get(), path.c_str());
  }

 private:
  double x(double time) const { return left + (width - left - right) * (end_ > 0 ? time / end_ : 0); }
  double y(int rank) const { return above + row_ * rank; }

  void set(const Colour& colour) {
    cairo_set_source_rgb(cairo_.get(), colour.red, colour.green, colour.blue);
  }
  void fill(const Colour& colour, double x, double y, double w, double h) {
    set(colour);
    cairo_rectangle(cairo_.get(), x, y, w, h);
    cairo_fill(cairo_.get());
  }

  /// `anchor` is the share of the text's width that lies left of x; returns that width.
  double write(const std::string& text, double x, double y, double size, const Colour& colour,
               double anchor = 0, cairo_font_weight_t weight = CAIRO_FONT_WEIGHT_NORMAL) {
    cairo_select_font_face(cairo_.get(), "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL, weight);
    cairo_set_font_size(cairo_.get(), size);
    cairo_text_extents_t extents;
    cairo_text_extents(cairo_.get(), text.c_str(), &extents);
    set(colour);
    cairo_move_to(cairo_.get(), x - anchor * extents.x_advance, y);
    cairo_show_text(cairo_.get(), text.c_str());
    return extents.x_advance;
  }

  bool occurs(int group) const {
    return std::ranges::any_of(picture_.timeline, [&](const auto& events) {
      return std::ranges::any_of(events, [&](const schedule::Event& event) {
        return group_of(event.action.kind) == group && event.end > event.begin;
      });
    });
  }

  void draw_head() {
    write(picture_.title, left, 44, 26, ink, 0, CAIRO_FONT_WEIGHT_BOLD);
    write(picture_.remark, width - right, 44, 19, quiet, 1);
    double at = left;
    const auto entry = [&](const char* name, const Colour& colour) {
      fill(colour, at, 74, 18, 18);
      at += 27 + write(name, at + 27, 89, 18, ink) + 30;
    };
    for (std::size_t group = 0; group < groups.size(); ++group)
      if (occurs(static_cast<int>(group))) entry(groups[group].name, groups[group].colour);
    entry("idle", mixed(idle, quiet, 0.12));
  }

  /// The step between ticks, of 1, 2 or 5 times a power of ten, so that there are about ten.
  double tick() const {
    const double rough = end_ / 10, power = std::pow(10, std::floor(std::log10(rough)));
    for (const double step : {1.0, 2.0, 5.0})
      if (rough <= step * power) return step * power;
    return 10 * power;
  }

  void draw_axis() {
    const double bottom = y(ranks_) + 8;
    fill(quiet, left, bottom, width - left - right, 1);
    if (end_ > 0)
      for (int i = 0; i * tick() <= end_ * (1 + 1e-9); ++i) {
        fill(quiet, x(i * tick()), bottom, 1, 7);
        write(fmt::format("{:.6g}", i * tick()), x(i * tick()), bottom + 27, 17, quiet, 0.5);
      }
    write(picture_.unit, (left + width - right) / 2, bottom + 54, 18, ink, 0.5);
  }

  /// How far a stage's colour is towards white: the first of a rank's not at all.
  double paleness(int stage) const {
    const auto& ranks = picture_.schedule.rank_of_stage;
    const auto before = std::count(ranks.begin(), ranks.begin() + stage, ranks[stage]);
    const auto all = std::count(ranks.begin(), ranks.end(), ranks[stage]);
    return all < 2 ? 0 : 0.5 * static_cast<double>(before) / static_cast<double>(all - 1);
  }

  void draw_rank(int rank) {
    const double gap = row_ > 24 ? 5 : 1.5, top = y(rank) + gap / 2, thick = row_ - gap;
    const int every = std::max(1, static_cast<int>(std::ceil(20 / row_)));
    if (rank % every == 0)
      write(fmt::format("rank {}", rank), left - 12, top + thick / 2 + 6, std::min(18.0, 8 + row_ / 3), ink,
            1);
    fill(idle, left, top, width - left - right, thick);
    for (const schedule::Event& event : picture_.timeline[rank])
      if (const int group = group_of(event.action.kind); group >= 0 && event.end > event.begin)
        draw_box(event, groups[group].colour, top, thick);
  }

  void draw_box(const schedule::Event& event, const Colour& colour, double top, double thick) {
    const double begin = x(event.begin * picture_.units), wide = x(event.end * picture_.units) - begin;
    const double margin = wide > 6 ? 1 : 0;  // between boxes that are wide enough to be told apart
    const double pale = paleness(event.action.stage);
    fill(mixed(colour, white, pale), begin, top, wide - margin, thick);
    const std::string number = fmt::format("{}", event.action.microbatch);
    const double size =
        std::min({18.0, thick * 0.7, (wide - 5) / (0.7 * static_cast<double>(number.size()))});
    if (!is_compute(event.action.kind) || size < 9) return;
    write(number, begin + (wide - margin) / 2, top + thick / 2 + 0.36 * size, size, pale > 0.3 ? ink : white,
          0.5, CAIRO_FONT_WEIGHT_BOLD);
  }

  const Picture& picture_;
  int ranks_;
  double row_, height_;
  std::unique_ptr<cairo_surface_t, decltype(&cairo_surface_destroy)> surface_;
  std::unique_ptr<cairo_t, decltype(&cairo_destroy)> cairo_;
  double end_ = 0;  ///< in units
};

}  // namespace

void write_png(const std::string& path, const Picture& picture) {
  const Drawing drawing(picture);
  AsideFile file(path);
  if (const cairo_status_t status = drawing.write(file.partial()); status != CAIRO_STATUS_SUCCESS)
    throw Error(ExitCode::usage, path + ": cannot write the picture", cairo_status_to_string(status),
                "name a file on a disk with room");
  file.commit();
}

}  // namespace heddle::plan
