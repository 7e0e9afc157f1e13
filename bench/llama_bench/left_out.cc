// Functions that llama-bench names and the product's build of llama.cpp leaves out: downloads, fitting to GPU memory and
// device lists. None is reached with a model file on a CPU; one that is reached ends the program.
#include <cstdio>
#include <cstdlib>

#include "arg.h"
#include "fit.h"

namespace {
[[noreturn]] void left_out(const char* what) {
  std::fprintf(stderr, "llama-bench: %s is not in this build\n", what);
  std::abort();
}
}  // namespace

common_models_handler common_models_handler_init(const common_params&, llama_example) { left_out("downloading"); }
void common_models_handler_apply(common_models_handler&, common_params&, common_download_callback*) {
  left_out("downloading");
}
common_params_fit_status common_fit_params(const char*, llama_model_params*, llama_context_params*, float*,
                                           llama_model_tensor_buft_override*, size_t*, uint32_t,
                                           const common_fit_extra_model*, ggml_log_level) {
  left_out("fitting to memory");
}
void common_print_available_devices() { left_out("listing devices"); }
bool common_arg_utils::is_truthy(const std::string& value) {
  return value == "on" || value == "enabled" || value == "1";
}
bool common_arg_utils::is_falsey(const std::string& value) {
  return value == "off" || value == "disabled" || value == "0";
}
bool common_arg_utils::is_autoy(const std::string& value) { return value == "auto" || value == "-1"; }
