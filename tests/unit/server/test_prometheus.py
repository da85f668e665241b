"""The text that Prometheus reads."""

from server.prometheus import Family, exposed


def test_names_labels_and_numbers_are_written_as_the_format_wants_them() -> None:
    """Whole numbers stay whole, and nothing in a label can end it."""
    families = [
        Family(name="a_total", kind="counter", about="So many.\nIn all.", samples=(({}, 12345678901.0),)),
        Family(name="b", kind="gauge", about="By \\ store.", samples=(({"store": 'x"\\\n', "n": "1"}, 0.25),)),
        Family(name="nothing", kind="gauge", about="Not there.", samples=()),
    ]

    assert exposed(families) == (
        "# HELP a_total So many.\\nIn all.\n# TYPE a_total counter\na_total 12345678901\n"
        '# HELP b By \\\\ store.\n# TYPE b gauge\nb{store="x\\"\\\\\\n",n="1"} 0.25\n'
    )
