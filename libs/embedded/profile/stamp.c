#include "stamp.h"

#include <string.h>

/* `count` digits; -1 if they are none. */
static int digits(const char *at, size_t count)
{
    int value = 0;
    for (size_t i = 0; i < count; i++) {
        if (at[i] < '0' || at[i] > '9')
            return -1;
        value = value * 10 + (at[i] - '0');
    }
    return value;
}

/* Of the Gregorian calendar, by Sakamoto. */
static int weekday_of(int year, int month, int day)
{
    static const int SHIFTS[] = {0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4};
    if (month < 3)
        year--;
    int from_sunday = (year + year / 4 - year / 100 + year / 400 + SHIFTS[month - 1] + day) % 7;
    return (from_sunday + 6) % 7;
}

static bool read_iso(struct piece written, struct stamp *stamp)
{
    enum { LEAST = sizeof "2024-05-01T10" - 1 };
    if (written.length < LEAST || written.at[4] != '-' || written.at[7] != '-' ||
        (written.at[10] != 'T' && written.at[10] != ' '))
        return false;
    int year = digits(written.at, 4), month = digits(written.at + 5, 2),
        day = digits(written.at + 8, 2), hour = digits(written.at + 11, 2);
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > 31 || hour < 0 || hour > 23)
        return false;
    *stamp = (struct stamp){hour, weekday_of(year, month, day)};
    return true;
}

static bool read_classic(struct piece written, struct stamp *stamp)
{
    enum { HOUR_AT = sizeof "Wed May 01 " - 1, LEAST = HOUR_AT + sizeof "10:00" - 1 };
    static const char DAYS[] = "MonTueWedThuFriSatSun";
    if (written.length < LEAST || written.at[3] != ' ' || written.at[HOUR_AT + 2] != ':')
        return false;
    int hour = digits(written.at + HOUR_AT, 2);
    for (int day = 0; day < 7; day++) {
        if (memcmp(written.at, DAYS + 3 * (size_t)day, 3) == 0) {
            *stamp = (struct stamp){hour, day};
            return hour >= 0 && hour <= 23;
        }
    }
    return false;
}

bool stamp_read(struct piece written, struct stamp *stamp)
{
    return read_iso(written, stamp) || read_classic(written, stamp);
}
