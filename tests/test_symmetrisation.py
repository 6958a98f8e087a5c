"""Links of two directions as one set: by hand, against the loops of the published pseudo-code, and what always holds."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reproductions.evaluation.measures.symmetrisation import HEURISTICS, NEIGHBOURS, turned

INTERSECTION, UNION = HEURISTICS["intersection"], HEURISTICS["union"]
GROWN, FINAL = HEURISTICS["grow-diag"], HEURISTICS["grow-diag-final-and"]
directions = st.frozensets(st.tuples(st.integers(0, 4), st.integers(0, 5)))


def links(text):
    """``"00 12"``: target 0 with source 0, and 1 with 2."""
    return frozenset((int(t), int(s)) for t, s in text.split())


@pytest.mark.parametrize(("ahead", "back", "grown", "final"), [
    ("00 11 21 33", "00 11 12 44", "00 11 21 12", "00 11 21 12 33 44"),  # 33 and 44 touch nothing
    ("00 11", "00", "00 11", "00 11"),  # at a corner
    ("00 11 01", "00 11", "00 11", "00 11"),  # both words of 01 have links
    ("11 12", "11 21 22", "11 12 21", "11 12 21"),  # beside comes before the corner 22, whose words then have links
    ("00 05", "00 15", "00", "00 15"),  # 05 has a word without link, but touches nothing
    ("02", "03 20", "", "02 20"),  # the first direction goes first: 03 finds its target linked
])  # fmt: skip
def test_links_grow_as_by_hand(ahead, back, grown, final):
    ahead, back = links(ahead), links(back)
    assert GROWN(ahead, back) == links(grown)
    assert FINAL(ahead, back) == links(final)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(ahead=directions, back=directions)
def test_links_grow_as_in_the_loops_of_the_pseudo_code(ahead, back):
    grown = set(ahead & back)
    while True:
        before = len(grown)
        for t in range(5):
            for s in range(6):
                for down, right in NEIGHBOURS if (t, s) in grown else ():
                    near = (t + down, s + right)
                    free = near[0] not in {t for t, _ in grown} or near[1] not in {s for _, s in grown}
                    if free and near in ahead | back:
                        grown.add(near)
        if len(grown) == before:
            break
    assert GROWN(ahead, back) == grown


@settings(max_examples=50, deadline=None, derandomize=True)
@given(ahead=directions, back=directions)
def test_each_heuristic_holds_what_the_stricter_one_holds(ahead, back):
    assert INTERSECTION(ahead, back) <= GROWN(ahead, back) <= FINAL(ahead, back) <= UNION(ahead, back)
    assert all(heuristic(ahead, ahead) == ahead for heuristic in HEURISTICS.values())
    targets, sources = ({link[side] for link in FINAL(ahead, back)} for side in (0, 1))
    assert all(t in targets or s in sources for t, s in UNION(ahead, back))
    assert turned(turned(ahead)) == ahead
