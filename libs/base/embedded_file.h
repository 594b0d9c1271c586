/* A file that was built into the program, so that the binary needs none (cmake: tp_embed). */
#pragma once

#include <stddef.h>

struct embedded_file {
    const char *name;  /* without its folder */
    const char *chars; /* with a NUL behind them */
    size_t length;
};
