#include "slm/api/slm_port.h"
