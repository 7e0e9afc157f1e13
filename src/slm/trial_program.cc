// The trial process of tests: the product's own program performs `model-trial` the same way.
#include <string_view>

#include "slm/model_trial.h"

int main(int argc, char** argv) {
  if (argc != 3 || std::string_view(argv[1]) != "model-trial") return 2;
  return writ::slm::run_model_trial(argv[2]);
}
