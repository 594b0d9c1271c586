#include "words.h"

/* Words that ask the reader to do something: 1 = anywhere, 2 = where they begin a sentence; and
 * words that tell by what stands beside them: the numbers of traits.c. */
/* clang-format off */
static const struct word CALLS_ENTRIES[] = {
    {"abonnez", 1}, {"abonniert", 1}, {"apply", 2}, {"ask", 2}, {"bio", 6}, {"book", 2}, {"buy", 2},
    {"call", 2}, {"check", 2}, {"click", 1}, {"cliquez", 1}, {"comenta", 2}, {"comment", 2},
    {"compartan", 1}, {"comparte", 1}, {"compartilhe", 1}, {"condividete", 1}, {"découvrez", 2},
    {"discover", 2}, {"dm", 1}, {"donate", 1}, {"download", 2}, {"entdecke", 2}, {"explore", 2},
    {"find", 2}, {"folgt", 2}, {"follow", 2}, {"get", 2}, {"give", 2}, {"grab", 2}, {"hazte", 2},
    {"help", 2}, {"inscreva", 1}, {"iscriviti", 1}, {"jetzt", 2}, {"join", 2}, {"klickt", 1},
    {"learn", 2}, {"lest", 2}, {"like", 2}, {"link", 5}, {"listen", 2}, {"mach", 2}, {"macht", 2},
    {"meldet", 2}, {"order", 2}, {"participa", 2}, {"partagez", 1}, {"please", 3}, {"pls", 3}, {"preorder", 1},
    {"read", 2}, {"register", 2}, {"rejoignez", 1}, {"repost", 1}, {"reply", 2},
    {"reserve", 2}, {"retweet", 1}, {"rsvp", 1}, {"rt", 7}, {"schaut", 2}, {"see", 2}, {"seguici", 1},
    {"send", 2}, {"share", 2}, {"shop", 2}, {"sign", 2}, {"siga", 2}, {"sigan", 2},
    {"sigue", 2}, {"síguenos", 1}, {"stream", 2}, {"subscribe", 1}, {"suscríbete", 1},
    {"support", 2}, {"tag", 2}, {"take", 2}, {"teilt", 2}, {"tell", 2}, {"thread", 4}, {"try", 2}, {"tune", 2},
    {"únete", 1}, {"visit", 2}, {"visita", 2}, {"vote", 2}, {"watch", 2}, {"win", 2},
};
/* clang-format on */
WORD_LIST(CALLS);

/* Words with which posts begin that want to be read on. */
/* clang-format off */
static const struct word HOOKS_ENTRIES[] = {
    {"breaking", 1}, {"confession", 1}, {"eilmeldung", 1}, {"fact", 1}, {"imagine", 1},
    {"introducing", 1}, {"psa", 1}, {"reminder", 1}, {"spoiler", 1}, {"thread", 1},
    {"unpopular", 1}, {"urgent", 1}, {"urgente", 1},
};
/* clang-format on */
WORD_LIST(HOOKS);
