#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void check_failed(const char *condition, const char *file, int line, const char *func)
{
    fprintf(stderr, "broken: %s in %s (%s:%d)\n", condition, func, file, line);
    abort();
}
