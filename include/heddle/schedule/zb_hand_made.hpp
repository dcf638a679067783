// The two hand-made zero-bubble schedules (Qi et al., arXiv 2401.10241, section 3.1): 1F1B with W apart from
// I, done where 1F1B would idle. M_B is what a microbatch keeps from F to I, M_W what of it W still needs.
#pragma once

#include "heddle/schedule/action.hpp"

namespace heddle::schedule {

/// ZB-H1: no stage holds more than 1F1B's first. Compute-only, stage i on rank i, which holds (p-i) M_B + i
/// M_W at its peak, i from 0; the bubble is (p-1)(F + I - W).
Schedule zb_h1(int stages, int microbatches);

/// ZB-H2: more forwards warm up, and no stage waits where F = I = W. Stage i holds (2p-2i-1) M_B + 2i M_W at
/// its peak; the bubble is (p-1)(F + I - 2W).
Schedule zb_h2(int stages, int microbatches);

}  // namespace heddle::schedule
