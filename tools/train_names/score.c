#include "score.h"

static const struct entity *marked_at(const struct marked_post *post, const struct entity *found,
                                      bool *is_handle)
{
    for (size_t i = 0; i < post->names.count; i++) {
        const struct entity *name = &post->names.items[i];
        if (name->start == found->start && name->end == found->end) {
            *is_handle = post->is_handle[i];
            return name;
        }
    }
    return NULL;
}

static void count_marked(struct score *score, const struct marked_post *post)
{
    for (size_t i = 0; i < post->names.count; i++) {
        score->untyped.marked++;
        score->typed.marked++;
        if (post->is_handle[i])
            continue;
        score->plain_untyped.marked++;
        score->plain_typed.marked++;
        score->types[post->names.items[i].type].marked++;
    }
}

void score_add(struct score *score, const struct marked_post *post, const struct entities *found)
{
    count_marked(score, post);
    for (size_t i = 0; i < found->count; i++) {
        enum name_type type = found->items[i].type;
        bool is_handle = false;
        const struct entity *marked = marked_at(post, &found->items[i], &is_handle);
        bool is_of_type = marked != NULL && marked->type == type;
        score->untyped.found++;
        score->typed.found++;
        score->untyped.right += marked != NULL;
        score->typed.right += is_of_type;
        if (is_handle)
            continue;
        score->plain_untyped.found++;
        score->plain_typed.found++;
        score->types[type].found++;
        score->plain_untyped.right += marked != NULL;
        score->plain_typed.right += is_of_type;
        score->types[type].right += is_of_type;
    }
}

double tally_f1(const struct tally *tally)
{
    size_t all = tally->found + tally->marked;
    return all > 0 ? 2.0 * (double)tally->right / (double)all : 0;
}
