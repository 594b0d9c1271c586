"""Draws measurements as SVG: plain text, a few kilobytes, readable on light and dark pages.

draw() takes what makespan.orders() measured and writes two pictures: how many users are done at
which time under each order of users, and which share of the ideal the whole reached."""

import html

WIDTH, HEIGHT = 640, 340
LEFT, RIGHT, TOP, BOTTOM = 56, 24, 44, 46  # margins around the plot
COLOURS = {"fair_sojourn": "#2a9d5c", "round_robin": "#d1603d", "fifo": "#4a7fd0"}
STYLE = """text{font:13px system-ui,sans-serif;fill:#24292f}.title{font-weight:600;font-size:15px}
.axis{stroke:#57606a;fill:none}.grid{stroke:#57606a;stroke-opacity:.2}
.line{fill:none;stroke-width:2.5;stroke-linejoin:round}
@media(prefers-color-scheme:dark){text{fill:#d6dde5}.axis{stroke:#9aa5b1}.grid{stroke:#9aa5b1}}"""


def _text(x, y, content, anchor="start", kind=""):
    mark = f' class="{kind}"' if kind else ""
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}"{mark}>{html.escape(content)}</text>'


def _line(x1, y1, x2, y2, kind):
    return f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" class="{kind}"/>'


def _page(title, parts):
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
        f' aria-label="{html.escape(title)}">', f"<style>{STYLE}</style>",
        _text(LEFT, 24, title, kind="title"), *parts, "</svg>", ""])


class Plot:
    """Turns values into places; `right` and `top` are the largest ones shown."""

    def __init__(self, right, top):
        self.right = right
        self.top = top

    def x(self, value):
        return round(LEFT + (WIDTH - LEFT - RIGHT) * value / self.right, 1)

    def y(self, value):
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / self.top, 1)

    def frame(self, x_steps, y_steps, x_title, y_title):
        parts = []
        for value in y_steps:
            parts.append(_line(self.x(0), self.y(value), self.x(self.right), self.y(value), "grid"))
            parts.append(_text(LEFT - 8, self.y(value) + 4, f"{value:g}", "end"))
        for value in x_steps:
            parts.append(_text(self.x(value), HEIGHT - BOTTOM + 18, f"{value:g}", "middle"))
        parts.append(_line(self.x(0), self.y(0), self.x(self.right), self.y(0), "axis"))
        parts.append(_text(self.x(self.right), HEIGHT - 8, x_title, "end"))
        parts.append(_text(8, TOP - 4, y_title))
        return parts


def _steps(plot, finishes):
    path = f"M{plot.x(0)} {plot.y(0)}"
    for done, at in enumerate(finishes, 1):
        path += f"H{plot.x(at)}V{plot.y(done)}"
    return path


def _finishes(runs):
    users = runs[0]["users"]
    plot = Plot(max(run["makespan_s"] for run in runs) * 1.02, users)
    seconds = range(int(plot.right) + 1)
    parts = plot.frame(seconds, range(0, users + 1, users // 5), "seconds", "users done")
    for row, run in enumerate(runs):
        colour = COLOURS[run["fairness"]]
        parts.append(f'<path d="{_steps(plot, run["finishes_s"])}" class="line" stroke="{colour}"/>')
        y = TOP + 20 + 20 * row
        parts.append(f'<rect x="{LEFT + 12}" y="{y - 10}" width="12" height="12" fill="{colour}"/>')
        parts.append(_text(LEFT + 30, y, f'{run["fairness"]}: on average after'
                                         f' {run["mean_finish_s"]:.2f} s'))
    return _page(f"{users} equal users at once: who is done when", parts)


def _efficiency(runs):
    plot = Plot(len(runs), 1)
    parts = plot.frame([], [0, 0.25, 0.5, 0.75, 1], "", "share of the ideal")
    for place, run in enumerate(runs):
        left, right = plot.x(place + 0.25), plot.x(place + 0.75)
        top = plot.y(run["efficiency"])
        parts.append(f'<rect x="{left}" y="{top}" width="{right - left:.1f}"'
                     f' height="{plot.y(0) - top:.1f}" fill="{COLOURS[run["fairness"]]}"/>')
        parts.append(_text((left + right) / 2, top - 6, f'{run["efficiency"]:.3f}', "middle"))
        parts.append(_text((left + right) / 2, HEIGHT - BOTTOM + 18, run["fairness"], "middle"))
    ideal = runs[0]["ideal_s"]
    return _page(f"The same work in all: ideal {ideal:g} s over makespan", parts)


def draw(runs, folder):
    """Answers what was drawn from, without the single finishes."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "finishes.svg").write_text(_finishes(runs), encoding="utf-8")
    (folder / "efficiency.svg").write_text(_efficiency(runs), encoding="utf-8")
    return [{name: value for name, value in run.items() if name != "finishes_s"} for run in runs]
