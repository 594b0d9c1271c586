/* Who asks: from the API key to an identity. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "gateway.h"
#include "log/log.h"
#include "store_client/store_client.h"

static bool refuse_key(struct web_request *request, const char *detail)
{
    web_add_header(request, "WWW-Authenticate", "Bearer realm=\"tweetpulse\"");
    web_problem(request, 401, "unauthorized", detail, NULL);
    return false;
}

static bool refuse_address(struct web_request *request)
{
    web_add_header(request, "Retry-After", "%d", KEYRING_FAILURE_WINDOW_MS / 1000);
    web_problem(request, 429, "too_many_wrong_keys", "too many wrong keys came from here", NULL);
    return false;
}

static bool refuse_unknown(struct gateway *gateway, struct web_request *request)
{
    keyring_note_failure(gateway->keyring, web_peer(request), clock_now());
    return refuse_key(request, "this API key is not known");
}

static bool ask_store(struct gateway *gateway, struct web_request *request, unsigned char *hash,
                      struct identity *caller)
{
    Tp__Authenticate question = TP__AUTHENTICATE__INIT;
    question.key_hash = (ProtobufCBinaryData){.len = KEY_HASH_BYTES, .data = hash};
    const Tp__AuthenticateReply *reply;
    struct error why;
    if (store_authenticate(gateway->bus, &question, gateway->settings->store_timeout_ms,
                           request_trace(request), web_arena(request), &reply, &why)) {
        snprintf(caller->tenant, sizeof caller->tenant, "%s", reply->tenant_id);
        snprintf(caller->key_id, sizeof caller->key_id, "%s", reply->key_id);
        snprintf(caller->name, sizeof caller->name, "%s", reply->name);
        snprintf(caller->role, sizeof caller->role, "%s", reply->role);
        keyring_learn(gateway->keyring, hash, caller, clock_now());
        return true;
    }
    if (why.kind == ERROR_NOT_FOUND) {
        keyring_learn(gateway->keyring, hash, NULL, clock_now());
        return refuse_unknown(gateway, request);
    }
    answer_store_error(request, &why);
    return false;
}

static bool identify(struct gateway *gateway, struct web_request *request, const char *key,
                     struct identity *caller)
{
    if (!key)
        return refuse_key(request, "an API key is needed: Authorization: Bearer tp_...");
    unsigned char hash[KEY_HASH_BYTES];
    key_hash(gateway->settings->key_pepper, key, strlen(key), hash);
    enum keyring_answer answer =
        keyring_look(gateway->keyring, hash, web_peer(request), clock_now(), caller);
    switch (answer) {
    case KEYRING_KNOWN:
        return true;
    case KEYRING_BLOCKED:
        return refuse_address(request);
    case KEYRING_REFUSED:
        return refuse_unknown(gateway, request);
    case KEYRING_ASK:
        break;
    }
    /* What does not look like a key costs the store nothing. */
    if (!key_is_well_formed(key))
        return refuse_unknown(gateway, request);
    return ask_store(gateway, request, hash, caller);
}

static const char *key_of_headers(const struct web_request *request)
{
    const char *authorization = web_header(request, "Authorization");
    if (authorization && strncasecmp(authorization, "Bearer ", 7) == 0)
        return authorization + 7;
    return web_header(request, "X-API-Key");
}

bool caller_identify(struct gateway *gateway, struct web_request *request, struct identity *caller)
{
    return identify(gateway, request, key_of_headers(request), caller);
}

bool caller_identify_by_token(struct gateway *gateway, struct web_request *request,
                              struct identity *caller)
{
    const char *key = key_of_headers(request);
    return identify(gateway, request, key ? key : web_query(request, "access_token"), caller);
}
