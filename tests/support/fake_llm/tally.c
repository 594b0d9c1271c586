#include "tally.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/check.h"

struct tally_user {
    char *name;
    int64_t requests, in_flight, peak;
    UT_hash_handle hh;
};

struct tally {
    int64_t requests, in_flight, peak, posts;
    int64_t answered, dropped, broken;
    int64_t started_ms, first_ms, last_ms; /* wall time; 0 = none yet */
    struct tally_user *users;
};

struct tally *tally_new(int64_t now_ms)
{
    struct tally *tally = calloc(1, sizeof *tally);
    CHECK(tally != NULL);
    tally->started_ms = now_ms;
    return tally;
}

static void forget_user(struct tally *tally, struct tally_user *user)
{
    HASH_DEL(tally->users, user);
    free(user->name);
    free(user);
}

void tally_free(struct tally **tally)
{
    if (*tally == NULL)
        return;
    struct tally_user *user, *next;
    HASH_ITER (hh, (*tally)->users, user, next) {
        forget_user(*tally, user);
    }
    free(*tally);
    *tally = NULL;
}

static struct tally_user *find_or_add(struct tally *tally, const char *name)
{
    struct tally_user *user;
    HASH_FIND_STR(tally->users, name, user);
    if (user == NULL) {
        user = calloc(1, sizeof *user);
        CHECK(user != NULL);
        user->name = strdup(name);
        CHECK(user->name != NULL);
        HASH_ADD_KEYPTR(hh, tally->users, user->name, strlen(user->name), user);
    }
    return user;
}

struct tally_user *tally_begin(struct tally *tally, const char *name, int64_t posts, int64_t now_ms)
{
    struct tally_user *user = find_or_add(tally, name);
    user->requests++;
    user->in_flight++;
    if (user->in_flight > user->peak)
        user->peak = user->in_flight;
    tally->requests++;
    tally->posts += posts;
    tally->in_flight++;
    if (tally->in_flight > tally->peak)
        tally->peak = tally->in_flight;
    if (tally->first_ms == 0)
        tally->first_ms = now_ms;
    return user;
}

void tally_end(struct tally *tally, struct tally_user *user, enum call_end end, int64_t now_ms)
{
    user->in_flight--;
    tally->in_flight--;
    tally->last_ms = now_ms;
    switch (end) {
    case CALL_ANSWERED:
        tally->answered++;
        break;
    case CALL_DROPPED_BY_CLIENT:
        tally->dropped++;
        break;
    case CALL_BROKEN_BY_SCRIPT:
        tally->broken++;
        break;
    }
}

void tally_reset(struct tally *tally, int64_t now_ms)
{
    struct tally_user *user, *next;
    HASH_ITER (hh, tally->users, user, next) {
        user->requests = 0;
        user->peak = user->in_flight;
        if (user->in_flight == 0)
            forget_user(tally, user);
    }
    *tally = (struct tally){
        .in_flight = tally->in_flight,
        .peak = tally->in_flight,
        .started_ms = now_ms,
        .users = tally->users,
    };
}

void tally_write(const struct tally *tally, struct text *out)
{
    text_format(out,
                "\"requests\":%" PRId64 ",\"in_flight\":%" PRId64 ",\"peak_in_flight\":%" PRId64
                ",\"posts\":%" PRId64 ",\"answered\":%" PRId64 ",\"dropped\":%" PRId64
                ",\"broken\":%" PRId64,
                tally->requests, tally->in_flight, tally->peak, tally->posts, tally->answered,
                tally->dropped, tally->broken);
    text_format(out,
                ",\"started_ms\":%" PRId64 ",\"first_ms\":%" PRId64 ",\"last_ms\":%" PRId64
                ",\"users\":{",
                tally->started_ms, tally->first_ms, tally->last_ms);
    for (const struct tally_user *user = tally->users; user != NULL; user = user->hh.next) {
        text_add(out, user == tally->users ? "" : ",");
        text_add_json(out, user->name, strlen(user->name));
        text_format(out,
                    ":{\"requests\":%" PRId64 ",\"in_flight\":%" PRId64 ",\"peak\":%" PRId64 "}",
                    user->requests, user->in_flight, user->peak);
    }
    text_add_char(out, '}');
}
