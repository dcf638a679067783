// Whether a kernel replaces its result or adds to it: gradients of parameters add up over microbatches.
#pragma once

namespace heddle::kernels {

enum class Write { overwrite, accumulate };

}  // namespace heddle::kernels
