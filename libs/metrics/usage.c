#include "metrics/usage.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "metrics/metrics.h"

static double seconds_of(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The first line of a file of /proc. */
static bool read_line(const char *path, char *line, int size)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    bool is_read = fgets(line, size, file) != NULL;
    fclose(file);
    return is_read;
}

bool metrics_read_resident_bytes(double *bytes)
{
    char line[128];
    long pages;
    if (!read_line("/proc/self/statm", line, sizeof line) || sscanf(line, "%*s %ld", &pages) != 1)
        return false;
    *bytes = (double)pages * (double)sysconf(_SC_PAGESIZE);
    return true;
}

static bool count_open_fds(double *fds)
{
    DIR *directory = opendir("/proc/self/fd");
    if (directory == NULL)
        return false;
    *fds = -1; /* the directory itself */
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (entry->d_name[0] != '.')
            *fds += 1;
    }
    closedir(directory);
    return true;
}

/* Seconds since 1970 when the process started. The kernel tells it in ticks since the boot, as
 * field 22 of stat; the second field, the name, may hold blanks and ends with the last ')'. */
static bool read_start_time(double *seconds)
{
    char line[1024];
    if (!read_line("/proc/self/stat", line, sizeof line))
        return false;
    const char *at = strrchr(line, ')');
    for (int field = 2; at != NULL && field < 22; field++)
        at = strchr(at + 1, ' ');
    if (at == NULL)
        return false;
    double ticks = strtod(at, NULL);
    double age = seconds_of(CLOCK_BOOTTIME) - ticks / (double)sysconf(_SC_CLK_TCK);
    *seconds = seconds_of(CLOCK_REALTIME) - age;
    return true;
}

void usage_refresh(void)
{
    double value;
    struct metric *cpu = metrics_plain(metrics_counter(
        "process_cpu_seconds_total", "User and system CPU time.", METRIC_NO_LABELS));
    metric_set(cpu, seconds_of(CLOCK_PROCESS_CPUTIME_ID));
    struct metric *resident = metrics_plain(
        metrics_gauge("process_resident_memory_bytes", "Resident memory size.", METRIC_NO_LABELS));
    if (metrics_read_resident_bytes(&value))
        metric_set(resident, value);
    struct metric *fds = metrics_plain(
        metrics_gauge("process_open_fds", "Open file descriptors.", METRIC_NO_LABELS));
    if (count_open_fds(&value))
        metric_set(fds, value);
    struct metric *start = metrics_plain(metrics_gauge(
        "process_start_time_seconds", "Start of the process in Unix time.", METRIC_NO_LABELS));
    /* Once: worked out again it would follow every correction of the wall clock. */
    if (metric_value(start) <= 0 && read_start_time(&value))
        metric_set(start, value);
}
