"""What docs/performance.md says of large studies is what was measured: its tables come out of the CSV again."""

import polars as pl

from tests.benchmarks.growth import BARS, KEPT, LARGEST, PAGE, SCHEMA, cost_table, of, told


def kept() -> pl.DataFrame:
    return pl.read_csv(KEPT, schema=SCHEMA)


def test_the_tables_of_the_page_come_out_of_the_measured_costs_again() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert told(page, kept()) == page


def test_every_verb_was_measured_at_every_size_that_the_page_speaks_of() -> None:
    sizes = {100, 1000, 10_000, LARGEST}
    assert all(set(of(kept(), verb)) == sizes for verb in (*BARS, "page"))


def test_a_bar_that_is_missed_is_called_missed() -> None:
    slow = kept().with_columns(
        processor=pl.when((pl.col("verb") == "report") & (pl.col("runs") == LARGEST)).then(21.0).otherwise("processor")
    )
    (row,) = (line for line in cost_table(slow).splitlines() if line.startswith("| `report`"))
    assert "20 s: missed" in row
