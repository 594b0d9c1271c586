#include "controls.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/check.h"

/* Scope, tenant, NUL and name stand behind each other. */
enum { KEY_SIZE = 1 + TENANT_ID_SIZE + USER_ID_SIZE };

struct control_index {
    UT_hash_handle hh;
    struct control control;
    enum control_scope scope;
    char *message;
    uint32_t key_length;
    char key[];
};

struct key {
    char bytes[KEY_SIZE];
    uint32_t length;
};

static struct key key_for(enum control_scope scope, const char *tenant_id, const char *name)
{
    struct key key = {.bytes = {(char)scope}};
    size_t tenant = strlen(tenant_id) + 1, rest = strlen(name);
    CHECK(tenant <= TENANT_ID_SIZE && rest < USER_ID_SIZE);
    memcpy(key.bytes + 1, tenant_id, tenant);
    memcpy(key.bytes + 1 + tenant, name, rest);
    key.length = (uint32_t)(1 + tenant + rest);
    return key;
}

static struct control_index *find(const struct controls *controls, const struct key *key)
{
    struct control_index *found = NULL;
    HASH_FIND(hh, controls->all, key->bytes, key->length, found);
    return found;
}

static bool counts_as_user(const struct control_index *index)
{
    return index->scope == SCOPE_USER && !index->control.is_removed;
}

static void drop(struct controls *controls, struct control_index *index)
{
    HASH_DEL(controls->all, index);
    controls->count--;
    controls->users -= counts_as_user(index);
    free(index->message);
    free(index);
}

void controls_free(struct controls *controls)
{
    struct control_index *index, *next;
    HASH_ITER (hh, controls->all, index, next)
        drop(controls, index);
}

static void drop_removed(struct controls *controls)
{
    struct control_index *index, *next;
    HASH_ITER (hh, controls->all, index, next)
        if (index->control.is_removed)
            drop(controls, index);
}

static struct control_index *add(struct controls *controls, enum control_scope scope,
                                 const struct key *key)
{
    if (controls->count >= MOST_CONTROLS)
        drop_removed(controls);
    if (controls->count >= MOST_CONTROLS)
        return NULL;
    struct control_index *index = calloc(1, sizeof(*index) + key->length);
    CHECK(index);
    memcpy(index->key, key->bytes, key->length);
    index->key_length = key->length;
    index->scope = scope;
    index->control.index = index;
    index->control.is_removed = true; /* until it is filled in */
    HASH_ADD_KEYPTR(hh, controls->all, index->key, index->key_length, index);
    controls->count++;
    return index;
}

/* What the scope does not have says nothing. */
static struct key key_of_facts(const struct control_facts *facts)
{
    bool has_tenant = facts->scope == SCOPE_TENANT || facts->scope == SCOPE_USER;
    bool has_name = facts->scope == SCOPE_ENDPOINT || facts->scope == SCOPE_USER;
    return key_for(facts->scope, has_tenant ? facts->tenant_id : "", has_name ? facts->name : "");
}

bool controls_set(struct controls *controls, const struct control_facts *facts)
{
    struct key key = key_of_facts(facts);
    struct control_index *index = find(controls, &key);
    if (index && facts->version <= index->control.version)
        return false;
    if (!index)
        index = add(controls, facts->scope, &key);
    if (!index)
        return false;
    controls->users -= counts_as_user(index);
    free(index->message);
    index->message = strdup(facts->message);
    CHECK(index->message);
    index->control = (struct control){.index = index,
                                      .state = facts->state,
                                      .message = index->message,
                                      .weight = facts->weight,
                                      .burst = facts->burst,
                                      .has_limits = facts->has_limits,
                                      .is_removed = facts->is_removed,
                                      .limits = facts->limits,
                                      .version = facts->version,
                                      .purse = index->control.purse};
    controls->users += counts_as_user(index);
    return true;
}

/* They are asked for each grant and each user that comes, and mostly nothing is set. */
static const struct control *look_up(const struct controls *controls, const struct key *key)
{
    const struct control_index *found = find(controls, key);
    return found && !found->control.is_removed ? &found->control : NULL;
}

const struct control *controls_of_system(const struct controls *controls)
{
    if (controls->count == 0)
        return NULL;
    struct key key = key_for(SCOPE_SYSTEM, "", "");
    return look_up(controls, &key);
}

const struct control *controls_of_endpoint(const struct controls *controls, const char *name)
{
    if (controls->count == 0)
        return NULL;
    struct key key = key_for(SCOPE_ENDPOINT, "", name);
    return look_up(controls, &key);
}

const struct control *controls_of_tenant(const struct controls *controls, const char *tenant_id)
{
    if (controls->count == 0)
        return NULL;
    struct key key = key_for(SCOPE_TENANT, tenant_id, "");
    return look_up(controls, &key);
}

const struct control *controls_of_user(const struct controls *controls, const char *tenant_id,
                                       const char *user_id)
{
    if (controls->users == 0)
        return NULL;
    struct key key = key_for(SCOPE_USER, tenant_id, user_id);
    return look_up(controls, &key);
}

void controls_keep_purse(struct controls *controls, const char *tenant_id, const char *user_id,
                         uint32_t purse)
{
    struct key key = key_for(SCOPE_USER, tenant_id, user_id);
    struct control_index *found = find(controls, &key);
    CHECK(found);
    found->control.purse = purse;
}

void controls_each(const struct controls *controls,
                   void (*visit)(void *context, const struct control_facts *control), void *context)
{
    for (const struct control_index *index = controls->all; index; index = index->hh.next) {
        const struct control *control = &index->control;
        if (control->is_removed)
            continue;
        const char *tenant_id = index->key + 1;
        size_t before_name = 1 + strlen(tenant_id) + 1;
        char name[USER_ID_SIZE] = "";
        memcpy(name, index->key + before_name, index->key_length - before_name);
        visit(context, &(struct control_facts){.scope = index->scope,
                                               .tenant_id = tenant_id,
                                               .name = name,
                                               .state = control->state,
                                               .message = control->message,
                                               .weight = control->weight,
                                               .burst = control->burst,
                                               .has_limits = control->has_limits,
                                               .limits = control->limits,
                                               .version = control->version});
    }
}

bool control_is_held(const struct control *control)
{
    return control && control->state == CONTROL_HELD;
}
