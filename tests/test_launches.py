from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import RecordError
from harness.launches import (
    ActiveJob,
    Launch,
    SentPack,
    active_jobs,
    comment_of,
    is_named,
    launches_folder,
    new_name,
    read_launches,
    with_jobs,
    write_launch,
)


def made_launch(name: str = "demo-1", *jobs: str) -> Launch:
    packs = (SentPack(("aaaa11", "bbbb22"), 5.0, ""), SentPack(("cccc33",), 4.0, ""))
    launch = Launch(name, "demo", ("study=demo",), began=1.0, code="c0de", packs=packs, report_job="")
    return with_jobs(launch, 0, jobs)


def comment(launch: Launch) -> str:
    return comment_of(launch, (run for pack in launch.packs for run in pack.runs))


def test_the_ledger_gives_back_what_was_written(tmp_path: Path) -> None:
    for name in ("demo-2", "demo-1"):
        (launches_folder(tmp_path) / name).mkdir(parents=True)
        write_launch(made_launch(name, "7_0", "7_1"), tmp_path)
    assert {launch.name for launch in read_launches(tmp_path)} == {"demo-1", "demo-2"}
    assert read_launches(tmp_path)[0].packs[1] == SentPack(("cccc33",), 4.0, "7_1")


def test_a_ledger_that_can_not_be_read_is_refused(tmp_path: Path) -> None:
    (launches_folder(tmp_path) / "x").mkdir(parents=True)
    (launches_folder(tmp_path) / "x/launch.json").write_text('{"name": 3')
    with pytest.raises(RecordError, match=r"launch.json: can't be read .*; cancel its jobs and remove"):
        read_launches(tmp_path)


def test_the_runs_of_jobs_that_have_not_ended_are_queued_whatever_their_state() -> None:
    launch = made_launch("demo-1", "7_0", "7_1")
    jobs = active_jobs([launch], [("7_0", "SUSPENDED", comment(launch)), ("9", "RUNNING", "mine")])
    assert list(jobs) == [ActiveJob("7_0", "SUSPENDED", launch, ("aaaa11", "bbbb22"))]


def test_a_job_number_that_another_job_has_now_is_not_ours() -> None:
    launch = made_launch("demo-1", "7_0", "7_1")
    assert list(active_jobs([launch], [("7_0", "RUNNING", "harness other-1 aaaa11"), ("7_1", "RUNNING", "")])) == []


def test_jobs_whose_ids_a_launch_did_not_come_to_write_are_found_by_its_name_each_with_its_own_runs() -> None:
    launch = made_launch("demo-1")
    jobs = active_jobs([launch], [("7_1", "PENDING", comment(launch)), ("7_0", "RUNNING", comment(launch))])
    assert {job.id: (job.state, job.runs) for job in jobs} == {
        "7_0": ("RUNNING", ("aaaa11", "bbbb22")),
        "7_1": ("PENDING", ("cccc33",)),
    }


def test_of_an_array_whose_ids_were_not_written_what_has_ended_is_not_queued() -> None:
    launch = made_launch("demo-1")
    jobs = active_jobs([launch], [("7_1", "RUNNING", comment(launch))])
    assert [(job.id, job.runs) for job in jobs] == [("7_1", ("cccc33",))]


def test_the_second_of_two_arrays_is_of_the_packs_that_the_first_left() -> None:
    launch = made_launch("demo-1", "7")
    jobs = active_jobs([launch], [("8", "PENDING", comment(launch)), ("7", "PENDING", comment(launch))])
    assert {job.id: job.runs for job in jobs} == {"7": ("aaaa11", "bbbb22"), "8": ("cccc33",)}


def test_a_report_s_job_whose_id_was_not_written_is_found_too() -> None:
    launch = made_launch("demo-1", "7_0", "7_1")
    jobs = active_jobs([launch], [("8", "PENDING", "harness demo-1 report")])
    assert [(job.id, job.runs) for job in jobs] == [("8", ())]


def test_the_report_s_job_is_ours_too() -> None:
    launch = replace(made_launch("demo-1", "7_0", "7_1"), report_job="8")
    jobs = active_jobs([launch], [("8", "PENDING", "harness demo-1 report")])
    assert [(job.id, job.runs) for job in jobs] == [("8", ())]


def test_a_comment_names_the_launch_and_as_many_runs_as_it_takes() -> None:
    launch = made_launch()
    assert comment(launch) == "harness demo-1 aaaa11 bbbb22 cccc33"
    long = comment_of(launch, (f"{number:012x}" for number in range(500)))
    assert 900 < len(long) <= 1000
    assert long.endswith(" ...")


def test_jobs_are_found_by_study_by_launch_and_by_run() -> None:
    launch = made_launch("demo-1", "7_0", "7_1")
    jobs = [ActiveJob(pack.job, "PENDING", launch, pack.runs) for pack in launch.packs]
    for named, found in (("demo", 2), ("demo-1", 2), ("cccc", 1), ("cccc33", 1), ("c", 0), ("other", 0)):
        assert sum(is_named(job, named) for job in jobs) == found


def test_two_launches_of_one_second_have_two_names() -> None:
    assert new_name("demo") != new_name("demo")
