#include "identity/api/identity_port.h"
