#include "gateway/api/gateway_port.h"
