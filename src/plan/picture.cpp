#include "heddle/plan/picture.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <set>
#include <span>
#include <utility>

#include "heddle/base/duration.hpp"
#include "heddle/base/output_path.hpp"
#include "picture_columns.hpp"
#include "picture_groups.hpp"

namespace heddle::plan {
namespace {

using schedule::Event;
using Events = std::vector<Event>;

constexpr const char *ink = "#2b2b33", *quiet = "#7a7a85", *idle = "#f0f0f3";

/// Pixels.
constexpr double width = 1800, right = 40, above = 118, below = 76, between = 22, caption_height = 34;
/// A letter of a sans-serif font is so wide, of its size: SVG does not tell.
constexpr double letter = 0.58;

double width_of(const std::string& text, double size) {
  return letter * size * static_cast<double>(text.size());
}

/// What XML would take for its own.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else
      out += c;
  }
  return out;
}

double first_begin(const schedule::Timeline& timeline) {
  double first = 0;
  bool any = false;
  for (const Events& events : timeline)
    for (const Event& event : events) {
      first = any ? std::min(first, event.begin) : event.begin;
      any = true;
    }
  return first;
}

class Drawing {
 public:
  explicit Drawing(const Picture& picture) : picture_(picture), unit_{picture.unit.c_str(), "", 1} {
    std::size_t rows = 0;
    for (const Panel& panel : picture.panels) {
      rows += panel.timeline.size();
      const double first = first_begin(panel.timeline);
      for (std::size_t rank = 0; rank < panel.timeline.size(); ++rank) {
        for (const Event& event : panel.timeline[rank]) end_ = std::max(end_, event.end - first);
        left_ = std::max(left_, 30 + width_of(label(stages(panel.timeline[rank]), rank), 17));
      }
    }
    if (picture.unit.empty()) unit_ = time_unit(end_);
    end_ *= unit_.in_a_second;
    row_ = std::clamp(1000.0 / static_cast<double>(std::max<std::size_t>(rows, 1)), 6.0, 56.0);
    double y = above;
    for (const Panel& panel : picture.panels) y = draw(panel, y) + between;
    draw_axis(y - between);
    height_ = y - between + below;
    draw_head();
  }

  std::string text() const {
    return fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:g}\" height=\"{1:g}\" viewBox=\"0 0 {0:g} "
        "{1:g}\" "
        "font-family=\"DejaVu Sans, Verdana, Arial, sans-serif\">\n<title>{2}</title>\n<desc>{4}</desc>\n"
        "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n{3}</svg>\n",
        width, height_, escaped(picture_.title), body_, marks::picture);
  }

 private:
  double plot_width() const { return width - left_ - right; }
  double x(double time) const { return left_ + plot_width() * (end_ > 0 ? time / end_ : 0); }

  template <class... Arguments>
  void add(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    fmt::format_to(std::back_inserter(body_), format, std::forward<Arguments>(arguments)...);
  }
  void fill(std::string_view colour, double x, double y, double w, double h) {
    add("<rect x=\"{:.2f}\" y=\"{:.2f}\" width=\"{:.2f}\" height=\"{:.2f}\" fill=\"{}\"/>\n", x, y, w, h,
        colour);
  }
  /// `more` are attributes: where text is anchored, how heavy it is.
  void write(const std::string& text, double x, double y, double size, const char* colour,
             const char* more = "") {
    add("<text x=\"{:.2f}\" y=\"{:.2f}\" font-size=\"{:.3g}\" fill=\"{}\"{}>{}</text>\n", x, y, size, colour,
        more, escaped(text));
  }

  /// Which stages a rank holds is read from what it does.
  static std::vector<Stage> stages(const Events& events) {
    std::set<Stage> all;
    for (const Event& event : events) all.insert(event.action.stage);
    return {all.begin(), all.end()};
  }
  static std::string label(const std::vector<Stage>& held, std::size_t rank) {
    if (held.empty()) return fmt::format("rank {}", rank);
    return fmt::format("rank {}, stage{} {}", rank, held.size() > 1 ? "s" : "", fmt::join(held, ", "));
  }

  void draw_head() {
    write(picture_.title, left_, 44, 26, ink, " font-weight=\"bold\"");
    write(picture_.remark, width - right, 44, 19, quiet, " text-anchor=\"end\"");
    double at = left_;
    const auto entry = [&](const char* name, const std::string& colour) {
      fill(colour, at, 74, 18, 18);
      write(name, at + 27, 89, 18, ink);
      at += 27 + width_of(name, 18) + 30;
    };
    for (std::size_t group = 0; group < groups.size(); ++group)
      if (seen_.count(group)) entry(groups[group].name, paler(groups[group].colour, 0));
    entry("idle", idle);
  }

  /// The step between ticks, of 1, 2 or 5 times a power of ten, so that there are about ten.
  double tick() const {
    const double rough = end_ / 10, power = std::pow(10, std::floor(std::log10(rough)));
    for (const double step : {1.0, 2.0, 5.0})
      if (rough <= step * power) return step * power;
    return 10 * power;
  }

  void draw_axis(double bottom) {
    bottom += 8;
    fill(quiet, left_, bottom, plot_width(), 1);
    if (end_ > 0)
      for (int i = 0; i * tick() <= end_ * (1 + 1e-9); ++i) {
        fill(quiet, x(i * tick()), bottom, 1, 7);
        write(fmt::format("{:.6g}", i * tick()), x(i * tick()), bottom + 27, 17, quiet,
              " text-anchor=\"middle\"");
      }
    write(unit_.name, left_ + plot_width() / 2, bottom + 54, 18, ink, " text-anchor=\"middle\"");
    if (columns_)
      write("where boxes would be too narrow, a column shows the shares of its time", width - right,
            bottom + 54, 16, quiet, " text-anchor=\"end\"");
  }

  /// From `y` down; returns where it ends.
  double draw(const Panel& panel, double y) {
    if (!panel.caption.empty()) {
      write(panel.caption, left_, y + caption_height - 12, 18, ink);
      y += caption_height;
    }
    const double first = first_begin(panel.timeline);
    for (std::size_t rank = 0; rank < panel.timeline.size(); ++rank, y += row_)
      draw_rank(panel.timeline[rank], rank, first, y);
    return y;
  }

  void draw_rank(const Events& events, std::size_t rank, double first, double y) {
    const std::vector<Stage> held = stages(events);
    const double gap = row_ > 24 ? 5 : 0.1 * row_, top = y + gap / 2, thick = row_ - gap;
    const auto every = std::max<std::size_t>(1, static_cast<std::size_t>(std::ceil(20 / row_)));
    if (rank % every == 0)
      write(label(held, rank), left_ - 12, top + thick / 2 + 6, std::min(17.0, 8 + row_ / 3), ink,
            " text-anchor=\"end\"");
    fill(idle, left_, top, plot_width(), thick);
    Boxes boxes;
    const double pixels = plot_width() * unit_.in_a_second / end_;  // a second
    for (const Stretch& stretch : stretches(events, pixels)) {
      const std::span some(events.data() + stretch.first, stretch.end - stretch.first);
      const Span across{left_ + (some.front().begin - first) * pixels,
                        left_ + (some.back().end - first) * pixels};
      if (some.size() > 1)
        add_column(boxes, some, held, across, {top, top + thick});
      else
        add_box(boxes, some.front(), held, across, {top, top + thick});
    }
    for (const auto& [which, path] : boxes.paths) add("<path fill=\"{}\" d=\"{}\"/>\n", which.second, path);
    if (!boxes.numbers.empty()) add("<g font-weight=\"bold\" text-anchor=\"middle\">{}</g>\n", boxes.numbers);
  }

  struct Span {
    double begin, end;
    double size() const { return end - begin; }
  };
  /// Of a rank's row, in the order in which they are drawn.
  struct Boxes {
    std::map<std::pair<std::size_t, std::string>, std::string> paths;  // of a group and a colour
    std::string numbers;

    void add(const std::pair<std::size_t, std::string>& which, Span across, Span down) {
      fmt::format_to(std::back_inserter(paths[which]), "M{:.2f} {:.2f}h{:.2f}v{:.2f}h{:.2f}z", across.begin,
                     down.begin, across.size(), down.size(), -across.size());
    }
  };

  /// The later a stage among those that a rank holds, the paler.
  static double paleness(const schedule::Action& action, const std::vector<Stage>& held) {
    if (!is_compute(action.kind) || held.size() < 2) return 0;
    const auto before = std::ranges::lower_bound(held, action.stage) - held.begin();
    return 0.5 * static_cast<double>(before) / static_cast<double>(held.size() - 1);
  }
  std::pair<std::size_t, std::string> which(const schedule::Action& action, const std::vector<Stage>& held) {
    const std::size_t group = group_of(action.kind);
    seen_.insert(group);
    return {group, paler(groups[group].colour, paleness(action, held))};
  }

  void add_box(Boxes& boxes, const Event& event, const std::vector<Stage>& held, Span across, Span down) {
    if (event.end <= event.begin) return;
    const auto box = which(event.action, held);
    if (across.size() > 6) across.end -= 1;  // boxes that are wide enough are told apart
    const double less = (1 - groups[box.first].height) * down.size() / 2;
    boxes.add(box, across, {down.begin + less, down.end - less});
    if (is_compute(event.action.kind))
      number(boxes.numbers, event.action.microbatch, across.begin, across.size(), down.begin, down.size(),
             paleness(event.action, held) > 0.3 ? ink : "#ffffff");
  }

  /// Waits lie at the bottom, computation over them; what is left on top is idle.
  void add_column(Boxes& boxes, std::span<const Event> events, const std::vector<Stage>& held, Span across,
                  Span down) {
    columns_ = true;
    std::map<std::pair<std::size_t, std::string>, double> seconds;
    for (const Event& event : events)
      if (event.end > event.begin) seconds[which(event.action, held)] += event.end - event.begin;
    const double thick = down.size() / (events.back().end - events.front().begin);
    for (const auto& [box, share] : seconds) {
      const double bottom = std::exchange(down.end, down.end - share * thick);
      boxes.add(box, across, {down.end, bottom});
    }
  }

  static void number(std::string& numbers, int microbatch, double begin, double wide, double top,
                     double thick, const char* colour) {
    const std::string text = fmt::format("{}", microbatch);
    const double size = std::min({18.0, thick * 0.7, (wide - 4) / (0.7 * static_cast<double>(text.size()))});
    if (size < 9) return;
    fmt::format_to(std::back_inserter(numbers),
                   "<text x=\"{:.2f}\" y=\"{:.2f}\" font-size=\"{:.3g}\" fill=\"{}\">{}</text>",
                   begin + wide / 2, top + thick / 2 + 0.36 * size, size, colour, text);
  }

  const Picture& picture_;
  double left_ = 110, row_ = 0, height_ = 0;
  double end_ = 0;  ///< in units
  TimeUnit unit_;
  bool columns_ = false;  ///< there are some
  std::set<std::size_t> seen_;
  std::string body_;
};

}  // namespace

std::string svg(const Picture& picture) { return Drawing(picture).text(); }

}  // namespace heddle::plan
