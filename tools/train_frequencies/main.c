/* train_frequencies FILE.jsonl... > libs/embedded/model/frequencies.bin
 *
 * Counts the words and features of the member `text` of every second line. The shipped model is of
 * (all of ../shared/data; see its README for sources and licences)
 *   tweeteval-sentiment, btc-ner, wnut17-ner, vader-tweets, vader-amazon, vader-movie (.jsonl)
 * The same files give the same bytes. */
#include "counts.h"

int main(int argc, char **argv)
{
    static struct counts counts;
    struct error why;
    for (int i = 1; i < argc; i++) {
        if (!counts_add_file(&counts, argv[i], &why)) {
            fprintf(stderr, "train_frequencies: %s\n", why.message);
            return 1;
        }
    }
    counts_write(&counts, stdout);
    fprintf(stderr, "%llu posts, %llu words, %llu features\n", (unsigned long long)counts.posts,
            (unsigned long long)counts.word_total, (unsigned long long)counts.feature_total);
    return ferror(stdout) || fflush(stdout) != 0;
}
