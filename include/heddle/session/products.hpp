// What the products of a run are computed with, where a library has several algorithms for each: searched once, before the first
// step, and kept in a file for the next run.
#pragma once

#include <string>
#include <vector>

#include "heddle/comm/communicator.hpp"
#include "heddle/kernels/product_library.hpp"
#include "heddle/plan/plan.hpp"

namespace heddle::session {

struct Products {
  std::string text;                  ///< the choices, exec::text_of; empty where there is nothing to choose
  std::vector<std::string> remarks;  ///< lines for a person who watches the run's start; on rank 0
};

/// The file of a library's choices in the cache folder; empty where there is no such folder.
std::string products_file(const std::string& library);

/// Collective: the products of training and evaluation. Rank 0 reads and writes the file. One that cannot be read, or written, is
/// said in a remark and ends no run. `earlier` are the choices of the run that goes on, which come before those of the file.
Products choose_products(kernels::ProductLibrary& library, const plan::Plan& plan,
                         const comm::Communicator& ranks, Rank rank, const std::string& earlier = "");

/// What a person who chose this precision has to know of this machine's products; empty where there is nothing.
std::string remark(Precision precision);

}  // namespace heddle::session
