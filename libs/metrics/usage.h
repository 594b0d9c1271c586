/* What this process uses of the machine, as the kernel tells it. False: it does not. Private to the
 * library; any thread. */
#pragma once

#include <stdbool.h>

/* User and system. */
double usage_cpu_seconds(void);
bool usage_read_resident_bytes(double *bytes);
bool usage_count_open_fds(double *fds);
/* When the process began, in seconds since 1970. */
bool usage_read_start_time(double *seconds);
