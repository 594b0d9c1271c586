#include "stamp.h"

#include <stdint.h>
#include <string.h>

enum { MINUTES_OF_DAY = 24 * 60, MOST_OFFSET = 18 * 60, THURSDAY = 3 };

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

/* ---- the calendar ---- */

static bool is_leap_year(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static bool is_day(int year, int month, int day)
{
    static const int LENGTHS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (year < 1 || month < 1 || month > 12 || day < 1)
        return false;
    return day <= LENGTHS[month - 1] + (month == 2 && is_leap_year(year));
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

/* `minutes` may lie before that day and behind it. */
static struct stamp stamp_at(int weekday, int64_t minutes)
{
    enum { MINUTES_OF_WEEK = 7 * MINUTES_OF_DAY };
    int64_t of_week = (weekday * MINUTES_OF_DAY + minutes) % MINUTES_OF_WEEK;
    if (of_week < 0)
        of_week += MINUTES_OF_WEEK;
    return (struct stamp){(int)(of_week % MINUTES_OF_DAY / 60), (int)(of_week / MINUTES_OF_DAY)};
}

/* ---- how it is written ---- */

/* "10", "10:30" or "1030"; -1: it is no time. */
static int minutes_at(struct piece written, size_t at)
{
    if (at + 2 > written.length)
        return -1;
    int hours = digits(written.at + at, 2);
    at += 2;
    at += at < written.length && written.at[at] == ':';
    int minutes = at + 2 <= written.length ? digits(written.at + at, 2) : -1;
    return hours < 0 ? -1 : hours * 60 + (minutes > 0 ? minutes : 0);
}

/* East of Greenwich, in minutes: of the first sign at `from` or behind it. */
static int offset_from(struct piece written, size_t from)
{
    for (size_t i = from; i < written.length; i++) {
        if (written.at[i] != '+' && written.at[i] != '-')
            continue;
        int minutes = minutes_at(written, i + 1);
        if (minutes < 0 || minutes > MOST_OFFSET)
            return 0;
        return written.at[i] == '-' ? -minutes : minutes;
    }
    return 0;
}

static bool read_iso(struct piece written, struct stamp *stamp)
{
    enum { DAY = sizeof "2024-05-01" - 1, HOUR_AT = DAY + 1 };
    if (written.length < DAY || written.at[4] != '-' || written.at[7] != '-')
        return false;
    int year = digits(written.at, 4), month = digits(written.at + 5, 2),
        day = digits(written.at + 8, 2);
    if (!is_day(year, month, day))
        return false;
    int weekday = weekday_of(year, month, day);
    if (written.length == DAY) {
        *stamp = (struct stamp){STAMP_NO_HOUR, weekday};
        return true;
    }
    int minutes = minutes_at(written, HOUR_AT);
    if ((written.at[DAY] != 'T' && written.at[DAY] != ' ') || minutes < 0 ||
        minutes >= MINUTES_OF_DAY)
        return false;
    *stamp = stamp_at(weekday, minutes - offset_from(written, HOUR_AT));
    return true;
}

static bool read_classic(struct piece written, struct stamp *stamp)
{
    enum { HOUR_AT = sizeof "Wed May 01 " - 1, LEAST = HOUR_AT + sizeof "10:00" - 1 };
    static const char DAYS[] = "MonTueWedThuFriSatSun";
    if (written.length < LEAST || written.at[3] != ' ' || written.at[HOUR_AT + 2] != ':')
        return false;
    int minutes = minutes_at(written, HOUR_AT);
    for (int day = 0; day < 7; day++) {
        if (memcmp(written.at, DAYS + 3 * (size_t)day, 3) == 0) {
            *stamp = stamp_at(day, minutes - offset_from(written, HOUR_AT));
            return minutes >= 0 && minutes < MINUTES_OF_DAY;
        }
    }
    return false;
}

/* Nine or ten digits are seconds, twelve or thirteen milliseconds: 1973 to 2286. */
static bool read_seconds(struct piece written, struct stamp *stamp)
{
    enum { SECONDS = 10, MILLISECONDS = 13 };
    bool is_seconds = written.length == SECONDS - 1 || written.length == SECONDS;
    if (!is_seconds && written.length != MILLISECONDS - 1 && written.length != MILLISECONDS)
        return false;
    int64_t value = 0;
    for (size_t i = 0; i < written.length; i++) {
        int digit = digits(written.at + i, 1);
        if (digit < 0)
            return false;
        value = value * 10 + digit;
    }
    *stamp = stamp_at(THURSDAY, (is_seconds ? value : value / 1000) / 60);
    return true;
}

bool stamp_read(struct piece written, struct stamp *stamp)
{
    return read_iso(written, stamp) || read_classic(written, stamp) || read_seconds(written, stamp);
}
