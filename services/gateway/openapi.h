/* openapi.json, built into the program. */
#pragma once

#include "base/embedded_file.h"

extern const struct embedded_file OPENAPI[]; /* of one */
