#include "emulator/cudnn/attention.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace heddle::emulator {
namespace {

/// Of one head, its samples one after the other.
class Rows {
 public:
  Rows(std::int64_t samples, std::int64_t width)
      : width_(width), numbers_(static_cast<std::size_t>(samples * width)) {}
  Rows(const AttentionTensor& t, std::int64_t batch, std::int64_t head) : Rows(t.sizes[2], t.sizes[3]) {
    for (std::int64_t s = 0; s < t.sizes[2]; ++s)
      for (std::int64_t d = 0; d < width_; ++d)
        row(s)[d] = static_cast<float>(read_number(t.data, t.type, t.at(batch, head, s, d)));
  }
  float* row(std::int64_t s) { return numbers_.data() + s * width_; }
  const float* row(std::int64_t s) const { return numbers_.data() + s * width_; }
  std::int64_t width() const { return width_; }
  void store(const AttentionTensor& t, std::int64_t batch, std::int64_t head) const {
    for (std::int64_t s = 0; s < t.sizes[2]; ++s)
      for (std::int64_t d = 0; d < width_; ++d)
        write_number(t.data, t.type, t.at(batch, head, s, d), row(s)[d]);
  }

 private:
  std::int64_t width_;
  std::vector<float> numbers_;
};

float dot(const float* a, const float* b, std::int64_t n) {
  float sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}
void add(float* sum, float factor, const float* term, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) sum[i] += factor * term[i];
}

class Head {
 public:
  Head(const Attention& attention, std::int64_t batch, std::int64_t head)
      : attention_(attention),
        batch_(batch),
        head_(head),
        q_(attention.q, batch, head),
        k_(attention.k, batch, head),
        v_(attention.v, batch, head) {}

  void forward() const {
    Rows out(samples(), width());
    for (std::int64_t s = 0; s < samples(); ++s) {
      const std::vector<float> scores = scores_of(s);
      const float log_sum = log_sum_of(scores);
      for (std::int64_t t = 0; t <= s; ++t)
        add(out.row(s), std::exp(scores[t] - log_sum), v_.row(t), width());
      write_number(attention_.statistics.data, attention_.statistics.type, statistic(s), log_sum);
    }
    out.store(attention_.out, batch_, head_);
  }

  void backward() const {
    const Attention::Gradients& gradients = *attention_.gradients;
    const Rows out(attention_.out, batch_, head_), d_out(gradients.out, batch_, head_);
    Rows dq(samples(), width()), dk = dq, dv = dq;
    for (std::int64_t s = 0; s < samples(); ++s) {
      const std::vector<float> scores = scores_of(s);
      const auto log_sum = static_cast<float>(
          read_number(attention_.statistics.data, attention_.statistics.type, statistic(s)));
      const float delta = dot(d_out.row(s), out.row(s), width());
      for (std::int64_t t = 0; t <= s; ++t) {
        const float weight = std::exp(scores[t] - log_sum);
        const float d_score = weight * (dot(d_out.row(s), v_.row(t), width()) - delta) * attention_.scale;
        add(dv.row(t), weight, d_out.row(s), width());
        add(dq.row(s), d_score, k_.row(t), width());
        add(dk.row(t), d_score, q_.row(s), width());
      }
    }
    dq.store(gradients.q, batch_, head_);
    dk.store(gradients.k, batch_, head_);
    dv.store(gradients.v, batch_, head_);
  }

 private:
  std::int64_t samples() const { return attention_.q.sizes[2]; }
  std::int64_t width() const { return q_.width(); }
  std::int64_t statistic(std::int64_t s) const { return attention_.statistics.at(batch_, head_, s, 0); }
  std::vector<float> scores_of(std::int64_t s) const {
    std::vector<float> scores;
    for (std::int64_t t = 0; t <= s; ++t)
      scores.push_back(dot(q_.row(s), k_.row(t), width()) * attention_.scale);
    return scores;
  }
  static float log_sum_of(const std::vector<float>& scores) {
    const double most = *std::max_element(scores.begin(), scores.end());
    double sum = 0;
    for (const float score : scores) sum += std::exp(score - most);
    return static_cast<float>(most + std::log(sum));
  }

  const Attention& attention_;
  std::int64_t batch_, head_;
  Rows q_, k_, v_;
};

}  // namespace

void attend(const Attention& attention) {
  for (std::int64_t batch = 0; batch < attention.q.sizes[0]; ++batch)
    for (std::int64_t head = 0; head < attention.q.sizes[1]; ++head) {
      const Head one(attention, batch, head);
      attention.gradients ? one.backward() : one.forward();
    }
}

}  // namespace heddle::emulator
