#include "orchestrator/api/orchestrator_port.h"
