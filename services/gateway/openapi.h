/* openapi.json, built into the program. */
#pragma once

#include <stddef.h>

extern const char OPENAPI_JSON[];
extern const size_t OPENAPI_JSON_LENGTH;
