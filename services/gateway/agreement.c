#include "agreement.h"

#include <math.h>

static const double Z = 1.959964; /* 95 % of a normal distribution lie within so many deviations */

struct interval agreement_interval(uint64_t agreed, uint64_t posts)
{
    if (posts == 0)
        return (struct interval){0, 1};
    double n = (double)posts, share = (double)agreed / n;
    double centre = share + Z * Z / (2 * n);
    double half = Z * sqrt(share * (1 - share) / n + Z * Z / (4 * n * n));
    double whole = 1 + Z * Z / n;
    return (struct interval){fmax(0, (centre - half) / whole), fmin(1, (centre + half) / whole)};
}

static void write_agreement(uint64_t posts, uint64_t agreed, struct text *out)
{
    struct interval interval = agreement_interval(agreed, posts);
    text_format(out, "{\"posts\":%llu,\"agreed\":%llu,\"agreement\":", (unsigned long long)posts,
                (unsigned long long)agreed);
    if (posts > 0)
        text_format(out, "%.4f", (double)agreed / (double)posts);
    else
        text_add(out, "null");
    text_format(out, ",\"low\":%.4f,\"high\":%.4f}", interval.low, interval.high);
}

void agreement_write(const Tp__AuditLine *line, struct text *out)
{
    static const char *const POSITIONS[] = {"first", "middle", "last"};
    uint64_t posts = 0, agreed = 0;
    for (size_t i = 0; i < line->n_thirds; i++) {
        posts += line->thirds[i]->posts;
        agreed += line->thirds[i]->agreed;
    }
    text_add_char(out, '{');
    text_add_json_member(out, "model", line->model);
    text_add_json_member(out, "prompt_version", line->prompt_version);
    text_add(out, ",\"all\":");
    write_agreement(posts, agreed, out);
    text_add(out, ",\"positions\":{");
    for (size_t i = 0; i < line->n_thirds; i++) {
        text_format(out, "%s\"%s\":", i > 0 ? "," : "", POSITIONS[i]);
        write_agreement(line->thirds[i]->posts, line->thirds[i]->agreed, out);
    }
    text_format(out, "},\"score_distance\":%.4f,\"posts_with_names\":%llu,\"names_overlap\":",
                line->score_distance, (unsigned long long)line->posts_with_names);
    if (line->posts_with_names > 0)
        text_format(out, "%.4f}", line->names_overlap);
    else
        text_add(out, "null}");
}
