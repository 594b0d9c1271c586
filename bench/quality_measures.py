"""Figures of agreement, from their definitions."""

import math


def pearson(xs, ys):
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    across = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys))
    return across / math.sqrt(sum((x - mean_x) ** 2 for x in xs) * sum((y - mean_y) ** 2 for y in ys))


def recalls(told, found, labels):
    """Of each label, the share of its posts that were given it."""
    return [sum(t == f == label for t, f in zip(told, found)) / max(1, sum(t == label for t in told))
            for label in labels]


def macro_recall(told, found, labels):
    return sum(recalls(told, found, labels)) / len(labels)


def f1(right, found, there):
    return 2 * right / (found + there) if found + there else 0.0


def calibration(confidences, is_right, bins=10):
    """Expected calibration error: how far confidence and accuracy are apart, by tenths."""
    error = 0.0
    for i in range(bins):
        inside = [k for k, c in enumerate(confidences) if min(bins - 1, int(c * bins)) == i]
        if inside:
            gap = sum(confidences[k] - is_right[k] for k in inside)
            error += abs(gap) / len(confidences)
    return error


def auc(higher, lower):
    """The chance that one of `higher` scores above one of `lower`; ties count half."""
    ranked = sorted([(score, 1) for score in higher] + [(score, 0) for score in lower])
    rank_sum, i = 0.0, 0
    while i < len(ranked):
        j = i
        while j < len(ranked) and ranked[j][0] == ranked[i][0]:
            j += 1
        rank_sum += sum(is_higher for _, is_higher in ranked[i:j]) * (i + 1 + j) / 2
        i = j
    return (rank_sum - len(higher) * (len(higher) + 1) / 2) / (len(higher) * len(lower))
