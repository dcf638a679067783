// A profiler that prints what NVTX tells it of domains and ranges, a line each. NVTX loads it where NVTX_INJECTION64_PATH names it.
#include <nvtx3/nvToolsExt.h>

#include <cstdio>

namespace {

const char* the_domain = nullptr;

nvtxDomainHandle_t NVTX_API make_domain(const char* name) {
  std::printf("domain %s\n", name);
  the_domain = name;
  return reinterpret_cast<nvtxDomainHandle_t>(&the_domain);
}

int NVTX_API begin(nvtxDomainHandle_t domain, const nvtxEventAttributes_t* event) {
  const bool ours = domain == reinterpret_cast<nvtxDomainHandle_t>(&the_domain);
  const bool text = event->messageType == NVTX_MESSAGE_TYPE_ASCII;
  std::printf("begin %s\n", ours && text ? event->message.ascii : "of what is not known");
  return 0;
}

int NVTX_API end(nvtxDomainHandle_t) {
  std::printf("end\n");
  return 0;
}

template <class Function>
void answer(NvtxFunctionTable table, int call, Function* function) {
  *table[call] = reinterpret_cast<NvtxFunctionPointer>(function);
}

}  // namespace

extern "C" int InitializeInjectionNvtx2(NvtxGetExportTableFunc_t export_table) {
  const auto* callbacks = static_cast<const NvtxExportTableCallbacks*>(export_table(NVTX_ETID_CALLBACKS));
  NvtxFunctionTable table = nullptr;
  if (!callbacks || !callbacks->GetModuleFunctionTable(NVTX_CB_MODULE_CORE2, &table, nullptr)) return 0;
  answer(table, NVTX_CBID_CORE2_DomainCreateA, make_domain);
  answer(table, NVTX_CBID_CORE2_DomainRangePushEx, begin);
  answer(table, NVTX_CBID_CORE2_DomainRangePop, end);
  return 1;
}
