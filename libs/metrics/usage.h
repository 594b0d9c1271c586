/* What this process uses of the machine, as metrics named like every Prometheus client names them.
 * Private to the library; any thread. */
#pragma once

/* Sets process_cpu_seconds_total, process_resident_memory_bytes, process_open_fds and
 * process_start_time_seconds. What the system does not tell keeps its last value. */
void usage_refresh(void);
