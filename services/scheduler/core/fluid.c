#include "fluid.h"

#include "base/check.h"

static bool is_before(const struct stake *a, const struct stake *b)
{
    return a->mark != b->mark ? a->mark < b->mark : a->age < b->age;
}

/* The finalizer of splitmix64: ages are consecutive, priorities must not be. */
static uint64_t priority_of(const struct stake *stake)
{
    uint64_t mixed = stake->age * UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

static uint32_t count_of(const struct stake *tree)
{
    return tree ? tree->count : 0;
}

static double sum_of(const struct stake *tree)
{
    return tree ? tree->sum : 0;
}

static void add_up(struct stake *tree)
{
    tree->count = count_of(tree->left) + 1 + count_of(tree->right);
    tree->sum = sum_of(tree->left) + tree->mark + sum_of(tree->right);
}

static void split(struct stake *tree, const struct stake *at, struct stake **before,
                  struct stake **after)
{
    if (!tree) {
        *before = *after = NULL;
        return;
    }
    if (is_before(tree, at)) {
        split(tree->right, at, &tree->right, after);
        *before = tree;
    } else {
        split(tree->left, at, before, &tree->left);
        *after = tree;
    }
    add_up(tree);
}

static struct stake *join(struct stake *before, struct stake *after)
{
    if (!before || !after)
        return before ? before : after;
    struct stake *root = priority_of(before) > priority_of(after) ? before : after;
    if (root == before)
        root->right = join(before->right, after);
    else
        root->left = join(before, after->left);
    add_up(root);
    return root;
}

static struct stake *insert(struct stake *tree, struct stake *stake)
{
    if (!tree || priority_of(stake) > priority_of(tree)) {
        split(tree, stake, &stake->left, &stake->right);
        add_up(stake);
        return stake;
    }
    if (is_before(stake, tree))
        tree->left = insert(tree->left, stake);
    else
        tree->right = insert(tree->right, stake);
    add_up(tree);
    return tree;
}

static struct stake *without(struct stake *tree, const struct stake *stake)
{
    CHECK(tree);
    if (tree == stake)
        return join(tree->left, tree->right);
    if (is_before(stake, tree))
        tree->left = without(tree->left, stake);
    else
        tree->right = without(tree->right, stake);
    add_up(tree);
    return tree;
}

void fluid_enter(struct fluid *fluid, struct stake *stake)
{
    CHECK(!fluid_has(stake) && stake->mark > fluid->virtual);
    if (!fluid->root || (fluid->first && is_before(stake, fluid->first)))
        fluid->first = stake;
    fluid->root = insert(fluid->root, stake);
}

void fluid_leave(struct fluid *fluid, struct stake *stake)
{
    fluid->root = without(fluid->root, stake);
    if (fluid->first == stake)
        fluid->first = NULL;
    stake->left = stake->right = NULL;
    stake->count = 0;
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
    const struct stake *tree = fluid->root;
    for (;;) {
        CHECK(tree);
        uint32_t here = before + count_of(tree->left);
        if (wanted <= here) {
            tree = tree->left;
            continue;
        }
        before = here;
        sum += sum_of(tree->left);
        if (wanted == here + 1)
            break;
        sum += tree->mark;
        before++;
        tree = tree->right;
    }
    *mark = tree->mark;
    return time_to(fluid, tree->mark, before, sum);
}

double fluid_end_of(const struct fluid *fluid, const struct stake *stake)
{
    uint32_t count = fluid_count(fluid), before = 0;
    if (count <= fluid->slots)
        return fluid->time + stake->mark - fluid->virtual;
    double sum = 0;
    for (const struct stake *tree = fluid->root; tree;) {
        if (is_before(tree, stake)) {
            before += count_of(tree->left) + 1;
            sum += sum_of(tree->left) + tree->mark;
            tree = tree->right;
        } else {
            tree = tree->left;
        }
    }
    if (before < count - fluid->slots)
        return fluid->time + time_to(fluid, stake->mark, before, sum);
    double mark = 0, time = time_to_plenty(fluid, &mark);
    return fluid->time + time + stake->mark - mark;
}

/* Kept, since time passes much more often than somebody leaves. */
static struct stake *first_of(struct fluid *fluid)
{
    struct stake *first = fluid->first ? fluid->first : fluid->root;
    while (first && first->left)
        first = first->left;
    fluid->first = first;
    return first;
}

struct stake *fluid_pass(struct fluid *fluid, double *left)
{
    struct stake *first = first_of(fluid);
    uint32_t count = fluid_count(fluid);
    double rate = count > fluid->slots ? (double)fluid->slots / count : 1;
    double needed = first ? (first->mark - fluid->virtual) / rate : 0;
    if (!first || needed > *left) {
        fluid->time += *left;
        fluid->virtual += *left * rate;
        *left = 0;
        return NULL;
    }
    *left -= needed;
    fluid->time += needed;
    fluid->virtual = first->mark;
    fluid_leave(fluid, first);
    first->end = fluid->time;
    return first;
}

struct stake *fluid_take(struct fluid *fluid)
{
    struct stake *stake = fluid->root;
    if (stake)
        fluid_leave(fluid, stake);
    return stake;
}
