"""The driver of the browser: it finds what goes wrong, and nobody overlooks that there is no browser."""

from types import SimpleNamespace

import pytest
from chromium import count_tests
from reader import Reader


def test_the_driver_finds_a_fault(reader: Reader) -> None:
    """Otherwise an empty list of faults would say nothing."""
    reader.open()
    for script, sign in (
        ("setTimeout(() => nobodyKnowsThis(), 0)", "nobodyKnowsThis"),
        ("fetch('http://127.0.0.1:9/').catch(() => 0)", "Content Security Policy"),
    ):
        reader.run(script)
        reader.browser.settle(lambda sign=sign: reader.run("1") and any(sign in one for one in reader.browser.faults))
    with pytest.raises(AssertionError, match="the console complains"):
        reader.finish()
    reader.browser.faults.clear()


def test_skipped_tests_of_a_browser_are_not_overlooked() -> None:
    ours, other = SimpleNamespace(keywords={"browser": 1}), SimpleNamespace(keywords={"slow": 1})
    assert count_tests({"passed": [ours, other, ours], "warnings": [object()]}) == (
        "2 tests drove a real browser.",
        True,
    )
    said, complete = count_tests({"passed": [ours], "skipped": [ours, ours, other]})
    assert "NOT TESTED: 2 tests" in said and "1 ran" in said and not complete
    assert count_tests({"passed": [other], "skipped": [other]}) == ("", True)
