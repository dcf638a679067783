// Products by oneDNN, which compiles for the shapes that it meets.
#include "host_products.hpp"

#ifdef HEDDLE_HAVE_ONEDNN
#include <oneapi/dnnl/dnnl.hpp>
#endif

namespace heddle::kernels {

#ifdef HEDDLE_HAVE_ONEDNN
namespace {

using dnnl::matmul, dnnl::memory;

const dnnl::engine& processor() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

/// Without these instructions oneDNN takes bf16 apart, at a third of the speed of its own sgemm.
bool has_bf16() {
  constexpr auto needed = static_cast<unsigned>(dnnl::cpu_isa::avx512_core_bf16);  // a set of bits
  return (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & needed) == needed;
}

memory::desc description(const Matrix& m) {
  const auto type = m.dtype == DType::bf16 ? memory::data_type::bf16 : memory::data_type::f32;
  const bool flip = m.transpose == Transpose::yes;
  return {{m.rows, m.columns}, type, flip ? memory::dims{1, m.stride} : memory::dims{m.stride, 1}};
}

/// What oneDNN would do first; empty if nothing.
matmul::primitive_desc plan(const Matrix& a, const Matrix& b, const Matrix& c, Write write, bool has_bias) {
  dnnl::primitive_attr attributes;
  if (write == Write::accumulate) {
    dnnl::post_ops after;
    after.append_sum();
    attributes.set_post_ops(after);
  }
  const memory::desc bias =
      has_bias ? description({nullptr, DType::f32, 1, c.columns, c.columns}) : memory::desc();
#if DNNL_VERSION_MAJOR >= 3
  return {processor(), description(a), description(b), bias, description(c), attributes, true};
#else
  return {{description(a), description(b), bias, description(c)}, attributes, processor(), true};
#endif
}

bool is(std::string_view word, const matmul::primitive_desc& product) {
  return std::string_view(product.impl_info_str()).starts_with(word);
}

/// oneDNN's first choice for matrices without gaps is "brg", its next is "gemm". That one is faster where c is
/// fp32 (1.1 times for a weight's gradient, 1.3 for a head's) or the inner extent is long (1.15 for a head's
/// gradient of its input), but adds up a bf16 c in an fp32 copy of it.
bool prefers_gemm(const Matrix& a, const Matrix& c) { return c.dtype == DType::f32 || a.columns >= 8192; }

/// The reference is no choice: widened_product is faster.
bool choose(matmul::primitive_desc& product, bool gemm) {
  if (!product.get(true)) return false;
  if (gemm)
    while (is("brg", product) && product.next_impl()) continue;
  return !is("ref", product);
}

}  // namespace

bool onednn_product(const Matrix& a, const Matrix& b, const Matrix& c, Write write) {
  if (c.dtype != DType::f32 || a.columns == 0) return false;
  const auto letter = [](const Matrix& x) { return x.transpose == Transpose::yes ? 'T' : 'N'; };
  const float kept = write == Write::accumulate ? 1 : 0;
  const auto status = dnnl_sgemm(
      letter(a), letter(b), c.rows, c.columns, a.columns, 1, static_cast<const float*>(a.data), a.stride,
      static_cast<const float*>(b.data), b.stride, kept, static_cast<float*>(c.data), c.stride);
  HEDDLE_EXPECT(status == dnnl_success);
  return true;
}

/// oneDNN keeps what it compiled for a shape: from the second time on, plan and primitive take some
/// microseconds. The same matrices must be planned and chosen alike each time: 2.6 keeps one primitive of a plan,
/// whichever was chosen.
bool onednn_bf16_product(const Matrix& a, const Matrix& b, const Matrix& c, Write write, const Tensor& bias) {
  if (a.columns == 0 || !has_bf16()) return false;
  matmul::primitive_desc product = plan(a, b, c, write, bias.data);
  if (!choose(product, prefers_gemm(a, c))) return false;
  std::unordered_map<int, memory> arguments = {
      {DNNL_ARG_SRC, memory(product.src_desc(), processor(), a.data)},
      {DNNL_ARG_WEIGHTS, memory(product.weights_desc(), processor(), b.data)},
      {DNNL_ARG_DST, memory(product.dst_desc(), processor(), c.data)}};
  if (bias.data) arguments.emplace(DNNL_ARG_BIAS, memory(product.bias_desc(), processor(), bias.data));
  dnnl::stream stream(processor());
  matmul(product).execute(stream, arguments);
  stream.wait();
  return true;
}

std::string_view bf16_lacks() { return has_bf16() ? "" : "this processor has neither AVX512-BF16 nor AMX"; }

#else

bool onednn_product(const Matrix&, const Matrix&, const Matrix&, Write) { return false; }
bool onednn_bf16_product(const Matrix&, const Matrix&, const Matrix&, Write, const Tensor&) { return false; }
std::string_view bf16_lacks() { return "this build has no oneDNN"; }

#endif

}  // namespace heddle::kernels
