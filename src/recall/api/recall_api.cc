#include "recall/api/recall_port.h"
