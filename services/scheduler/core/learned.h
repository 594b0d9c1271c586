/* What an endpoint's server bears, learned from its answers (rule 5): the limits of requests and
 * tokens a minute go down when it refuses with a 429, at most once in five seconds, and up with
 * each call that succeeds. How much depends on where it was refused last: below that, a minute that
 * uses the limit makes good most of the way; there it rises by a fortieth; and the further it gets
 * beyond without a refusal, the faster it goes on. So one stray refusal is forgotten in minutes,
 * and the limit of a server that bears less is found, and tried with care.
 *
 * Nothing is learned before the server says with an answer that its limit is used up, or refuses.
 * In the first case that limit is learned, as if it had refused there. In the second it starts from
 * four times what worked in the last minute, 40 at least, or from the ceiling if that is less: what
 * the operator set, or what the server says if that is less still; and goes down by a quarter.
 * Refused again within two minutes it is taken at its word: what worked is about what it bears.
 * Refused where it was refused before it goes down by an eighth. What a server says is a hint: it
 * is where the learning starts or tells how long to hold, is never divided by, and where it is not
 * true it is outgrown within minutes. Pure values; one thread.
 */
#pragma once

#include "facts.h"

struct learned_rate {
    uint64_t told;        /* by the server; 0 = nothing */
    uint64_t refused_at;  /* the limit in force when it refused last, in thousandths, too */
    uint64_t thousandths; /* of one a minute; 0 = none learned */
};

struct learned {
    struct learned_rate requests, tokens;
    struct instant cut;  /* the last time they went down */
    struct instant held; /* until then the server wants no calls */
    bool has_cut;
};

/* What was not refused, and what the operator allows at most, in a minute; 0 = no ceiling. */
struct learned_use {
    uint64_t requests, tokens;
    uint64_t most_requests, most_tokens;
};

/* What the server says of itself, with any outcome. */
void learned_hear(struct learned *learned, const struct server_limits *server);
/* It has said so with an answer. */
void learned_begin(struct learned *learned, const struct server_limits *server);
void learned_on_success(struct learned *learned, uint64_t tokens);
void learned_on_refusal(struct learned *learned, const struct server_limits *server,
                        const struct learned_use *use, struct instant now);
/* It asks for a pause; 0 = for none. Clamped to ten minutes. */
void learned_hold(struct learned *learned, int64_t ms, struct instant now);

/* Does it still want no calls? */
bool learned_is_held(const struct learned *learned, struct instant now);

/* How long a refusal without a retry-after asks to wait; 0 = it does not say. */
int64_t learned_reset_ms(const struct server_limits *server);

/* The learned limits alone, 0 where there is none. */
struct limits learned_limits(const struct learned *learned);
