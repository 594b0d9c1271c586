#include "fluid.h"

#include "base/check.h"

static struct stake *at(const struct pool *stakes, uint32_t number)
{
    return pool_at(stakes, number);
}

static bool is_before(const struct stake *a, const struct stake *b)
{
    return a->mark != b->mark ? a->mark < b->mark : fluid_is_older(a, b);
}

/* The finalizer of splitmix64: ages are consecutive, priorities must not be. */
static uint64_t priority_of(const struct stake *stake)
{
    uint64_t mixed = stake->age * UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

static uint32_t count_of(const struct pool *stakes, uint32_t tree)
{
    return tree ? at(stakes, tree)->count : 0;
}

static double sum_of(const struct pool *stakes, uint32_t tree)
{
    return tree ? at(stakes, tree)->sum : 0;
}

static void add_up(const struct pool *stakes, struct stake *root)
{
    uint32_t count = count_of(stakes, root->left) + 1 + count_of(stakes, root->right);
    root->count = count & INT32_MAX;
    root->sum = sum_of(stakes, root->left) + root->mark + sum_of(stakes, root->right);
}

static void split(const struct pool *stakes, uint32_t tree, const struct stake *where,
                  uint32_t *before, uint32_t *after)
{
    if (!tree) {
        *before = *after = 0;
        return;
    }
    struct stake *root = at(stakes, tree);
    if (is_before(root, where)) {
        split(stakes, root->right, where, &root->right, after);
        *before = tree;
    } else {
        split(stakes, root->left, where, before, &root->left);
        *after = tree;
    }
    add_up(stakes, root);
}

static uint32_t join(const struct pool *stakes, uint32_t before, uint32_t after)
{
    if (!before || !after)
        return before ? before : after;
    struct stake *low = at(stakes, before), *high = at(stakes, after);
    bool is_low = priority_of(low) > priority_of(high);
    if (is_low)
        low->right = join(stakes, low->right, after);
    else
        high->left = join(stakes, before, high->left);
    add_up(stakes, is_low ? low : high);
    return is_low ? before : after;
}

static uint32_t insert(const struct pool *stakes, uint32_t tree, uint32_t number)
{
    struct stake *stake = at(stakes, number), *root = tree ? at(stakes, tree) : NULL;
    if (!root || priority_of(stake) > priority_of(root)) {
        split(stakes, tree, stake, &stake->left, &stake->right);
        add_up(stakes, stake);
        return number;
    }
    if (is_before(stake, root))
        root->left = insert(stakes, root->left, number);
    else
        root->right = insert(stakes, root->right, number);
    add_up(stakes, root);
    return tree;
}

static uint32_t without(const struct pool *stakes, uint32_t tree, uint32_t number)
{
    CHECK(tree);
    struct stake *root = at(stakes, tree);
    if (tree == number)
        return join(stakes, root->left, root->right);
    if (is_before(at(stakes, number), root))
        root->left = without(stakes, root->left, number);
    else
        root->right = without(stakes, root->right, number);
    add_up(stakes, root);
    return tree;
}

uint32_t fluid_count(const struct fluid *fluid)
{
    return count_of(fluid->stakes, fluid->root);
}

void fluid_enter(struct fluid *fluid, uint32_t number)
{
    const struct stake *stake = at(fluid->stakes, number);
    CHECK(!fluid_has(stake) && stake->mark > fluid->virtual);
    if (!fluid->root || (fluid->first && is_before(stake, at(fluid->stakes, fluid->first))))
        fluid->first = number;
    fluid->root = insert(fluid->stakes, fluid->root, number);
}

void fluid_leave(struct fluid *fluid, uint32_t number)
{
    struct stake *stake = at(fluid->stakes, number);
    fluid->root = without(fluid->stakes, fluid->root, number);
    if (fluid->first == number)
        fluid->first = 0;
    stake->count = 0;
    stake->end = fluid->time;
}

/* The time until the virtual clock reaches `mark`, while more stakes than slots are in: the work
 * of those that leave before, and of the rest so far, is done by all slots together. */
static double time_to(const struct fluid *fluid, double mark, uint32_t before, double sum)
{
    uint32_t count = fluid_count(fluid);
    double work = sum + (count - before) * mark - count * fluid->virtual;
    return work / fluid->slots;
}

/* The last stake whose leaving leaves no more than `slots` behind. */
static double time_to_plenty(const struct fluid *fluid, double *mark)
{
    uint32_t wanted = fluid_count(fluid) - fluid->slots, before = 0;
    double sum = 0;
    const struct pool *stakes = fluid->stakes;
    uint32_t tree = fluid->root;
    for (;;) {
        CHECK(tree);
        const struct stake *root = at(stakes, tree);
        uint32_t here = before + count_of(stakes, root->left);
        if (wanted <= here) {
            tree = root->left;
            continue;
        }
        before = here;
        sum += sum_of(stakes, root->left);
        *mark = root->mark;
        if (wanted == here + 1)
            return time_to(fluid, root->mark, before, sum);
        sum += root->mark;
        before++;
        tree = root->right;
    }
}

double fluid_end_of(const struct fluid *fluid, const struct stake *stake)
{
    uint32_t count = fluid_count(fluid), before = 0;
    if (count <= fluid->slots)
        return fluid->time + stake->mark - fluid->virtual;
    double sum = 0;
    const struct pool *stakes = fluid->stakes;
    for (uint32_t tree = fluid->root; tree;) {
        const struct stake *root = at(stakes, tree);
        if (is_before(root, stake)) {
            before += count_of(stakes, root->left) + 1;
            sum += sum_of(stakes, root->left) + root->mark;
            tree = root->right;
        } else {
            tree = root->left;
        }
    }
    if (before < count - fluid->slots)
        return fluid->time + time_to(fluid, stake->mark, before, sum);
    double mark = 0, time = time_to_plenty(fluid, &mark);
    return fluid->time + time + stake->mark - mark;
}

/* Kept, since time passes much more often than somebody leaves. */
static uint32_t first_of(struct fluid *fluid)
{
    uint32_t first = fluid->first ? fluid->first : fluid->root;
    while (first && at(fluid->stakes, first)->left)
        first = at(fluid->stakes, first)->left;
    fluid->first = first;
    return first;
}

uint32_t fluid_pass(struct fluid *fluid, double *left)
{
    uint32_t first = first_of(fluid), count = fluid_count(fluid);
    double rate = count > fluid->slots ? (double)fluid->slots / count : 1;
    double mark = first ? at(fluid->stakes, first)->mark : 0;
    double needed = first ? (mark - fluid->virtual) / rate : 0;
    if (!first || needed > *left) {
        fluid->time += *left;
        fluid->virtual += *left * rate;
        *left = 0;
        return 0;
    }
    *left -= needed;
    fluid->time += needed;
    fluid->virtual = mark;
    fluid_leave(fluid, first);
    return first;
}
