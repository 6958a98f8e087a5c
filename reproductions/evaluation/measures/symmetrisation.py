"""One set of links from the two directions of a bitext: the heuristics of Och and Ney (2003) and of Koehn, Och and Marcu (2003).

Links of both directions are (target, source), so those of the reverse direction are turned first. ``grow-diag`` is often called
the refined method; the order of its steps is that of the pseudo-code at Moses, "Training Step 3: Align Words".
"""

from collections.abc import Callable, Collection, Mapping
from heapq import heapify, heappop, heappush

Link = tuple[int, int]
Heuristic = Callable[[frozenset[Link], frozenset[Link]], frozenset[Link]]
NEIGHBOURS = ((-1, 0), (0, -1), (1, 0), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1))


def turned(links: Collection[Link]) -> frozenset[Link]:
    """(source, target) -> (target, source)."""
    return frozenset((t, s) for s, t in links)


def intersection(ahead: frozenset[Link], back: frozenset[Link]) -> frozenset[Link]:
    return ahead & back


def union(ahead: frozenset[Link], back: frozenset[Link]) -> frozenset[Link]:
    return ahead | back


def grow_diag(ahead: frozenset[Link], back: frozenset[Link]) -> frozenset[Link]:
    """The intersection, grown by links of the union that touch a link, also at a corner, and bring in a word without any."""
    links, offered = set(ahead & back), ahead | back
    targets, sources = {t for t, _ in links}, {s for _, s in links}
    waiting = [
        (0, link) for link in links
    ]  # (sweep over all links, link): a link added behind its place waits for the next
    heapify(waiting)
    while waiting:
        sweep, (t, s) = heappop(waiting)
        for down, right in NEIGHBOURS:
            near = (t + down, s + right)
            if near in offered and near not in links and (near[0] not in targets or near[1] not in sources):
                links.add(near)
                targets.add(near[0])
                sources.add(near[1])
                heappush(waiting, (sweep + (near < (t, s)), near))
    return frozenset(links)


def grow_diag_final_and(ahead: frozenset[Link], back: frozenset[Link]) -> frozenset[Link]:
    """`grow_diag`, then each link of one direction, then of the other, between two words that have none."""
    links = set(grow_diag(ahead, back))
    targets, sources = {t for t, _ in links}, {s for _, s in links}
    for t, s in (*sorted(ahead), *sorted(back)):
        if t not in targets and s not in sources:
            links.add((t, s))
            targets.add(t)
            sources.add(s)
    return frozenset(links)


HEURISTICS: Mapping[str, Heuristic] = {
    "grow-diag": grow_diag,
    "grow-diag-final-and": grow_diag_final_and,
    "intersection": intersection,
    "union": union,
}
