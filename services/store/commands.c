#include "commands.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/uuid.h"
#include "keys/keys.h"
#include "messages/messages.h"
#include "messages/subjects.h"
#include "messages/texts.h"
#include "migrate.h"
#include "migrations.h"
#include "settings.h"

enum { ARENA_BYTES = 64 * 1024, COMMAND_TIMEOUT_MS = 10000, NAME_MAX_BYTES = 100 };

static const struct statement CREATE_KEY = {"create_key",
                                            "select from create_key($1, $2, $3, $4, $5)"};

static int complain(const struct error *why)
{
    fprintf(stderr, "store: %s\n", why->message);
    return 1;
}

int command_migrate(const void *settings, const char *argument)
{
    (void)argument;
    const struct store_settings *store = settings;
    struct db_vitals vitals = {.url = store->database_url, .statement_ms = COMMAND_TIMEOUT_MS};
    SCOPED(db_free) struct db *db = db_new(&vitals);
    struct error why;
    int applied;
    if (!migrate(db, &applied, &why))
        return complain(&why);
    fprintf(stderr, "store: the schema has version %d, %d migrations were new\n", MIGRATION_COUNT,
            applied);
    return 0;
}

/* Where a key belongs. */
struct key_place {
    char tenant[65], role[16], name[NAME_MAX_BYTES + 1];
};

static bool copy_part(const char **rest, char *part, size_t size)
{
    size_t length = strcspn(*rest, ":");
    if (length >= size)
        return false;
    if (length > 0)
        snprintf(part, size, "%.*s", (int)length, *rest);
    *rest += length;
    if (**rest == ':')
        (*rest)++;
    return true;
}

static bool role_is_known(const char *role)
{
    return strcmp(role, "user") == 0 || strcmp(role, "admin") == 0 || strcmp(role, "operator") == 0;
}

static bool parse_place(const char *argument, struct key_place *place)
{
    *place = (struct key_place){.role = "user", .name = "default"};
    return copy_part(&argument, place->tenant, sizeof place->tenant) &&
           copy_part(&argument, place->role, sizeof place->role) &&
           copy_part(&argument, place->name, sizeof place->name) && *argument == '\0' &&
           subject_token_is_valid(place->tenant) && role_is_known(place->role) &&
           id_is_valid(place->name, NAME_MAX_BYTES);
}

int command_create_key(const void *settings, const char *argument)
{
    const struct store_settings *store = settings;
    struct key_place place;
    if (!parse_place(argument, &place)) {
        fprintf(stderr, "store: --create-key wants TENANT[:role[:name]], the tenant of 1 to 64 "
                        "letters, digits, - and _, the role user, admin or operator\n");
        return EX_USAGE;
    }
    char key[KEY_TEXT_SIZE], key_id[UUID_TEXT_SIZE];
    unsigned char hash[KEY_HASH_BYTES];
    key_new(key);
    uuid_new(key_id);
    key_hash(store->key_pepper, key, strlen(key), hash);

    SCOPED(arena_close) struct arena *arena = arena_open(ARENA_BYTES);
    struct params params = params_begin(arena);
    params_text(&params, place.tenant);
    params_uuid(&params, key_id);
    params_bytes(&params, (struct bytes){hash, sizeof hash});
    params_text(&params, place.role);
    params_text(&params, place.name);
    struct db_vitals vitals = {.url = store->database_url,
                               .statement_ms = COMMAND_TIMEOUT_MS,
                               .schema_wanted = MIGRATION_COUNT};
    SCOPED(db_free) struct db *db = db_new(&vitals);
    SCOPED(rows_free) struct rows rows = {0};
    struct error why;
    if (!db_run(db, &CREATE_KEY, &params, &rows, &why))
        return complain(&why);
    printf("%s\n", key);
    return 0;
}
