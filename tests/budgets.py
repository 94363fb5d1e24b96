"""How long notebooks may run, in seconds on the CPU, all of them less than three minutes; see browser/test_speed.py."""

import resource

NOTEBOOKS = {
    "00_start_here": 10, "01_v4": 10, "02_migration_lock": 10, "03_flag": 10, "04_release": 10, "05_alternatives": 10,
    "06_merged": 10, "07_retry": 10, "08_read_the_splat": 10, "09_matrix": 20, "10_many_vms": 25, "glossary": 1,
    "teaching_guide": 5,
}  # fmt: skip
EXERCISES = 30  # the notebooks of all exercises in one kernel


def seconds_of_children() -> float:
    """What processes that were started and have ended took of the CPU."""
    told = resource.getrusage(resource.RUSAGE_CHILDREN)
    return told.ru_utime + told.ru_stime
