#include "metrics/usage.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

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

bool usage_read_resident_bytes(double *bytes)
{
    char line[128];
    long pages;
    if (!read_line("/proc/self/statm", line, sizeof line) || sscanf(line, "%*s %ld", &pages) != 1)
        return false;
    *bytes = (double)pages * (double)sysconf(_SC_PAGESIZE);
    return true;
}

bool usage_count_open_fds(double *fds)
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

/* The kernel tells it in ticks since the boot, as field 22 of stat; the second field, the name, may
 * hold blanks and ends with the last ')'. */
bool usage_read_start_time(double *seconds)
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

double usage_cpu_seconds(void)
{
    return seconds_of(CLOCK_PROCESS_CPUTIME_ID);
}
