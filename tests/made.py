"""A record and what it took, made up."""

from typing import Any

from harness.identity import TRAINING_VERSION, cell_id, run_id
from harness.records import MEASURED_VERSION, SCHEMA_VERSION, Evaluation, Measured, Record
from harness.rules import Rules
from harness.study import load_study


def made_rules(*overrides: str) -> Rules:
    """The default rules for judging claims, with the overrides."""
    return load_study(overrides).rules


def made_record(*overrides: str, **changed: Any) -> Record:
    """A finished run of the default configuration with the overrides."""
    (run,) = load_study(overrides).runs.values()
    values: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION, "training_version": TRAINING_VERSION,
        "run_id": run_id(run), "cell": cell_id(run),
        "status": "finished", "config": run, "flops_convention": "2_per_multiply_add", "params": 1000,
        "forward_flops": 2000, "step_flops": 6000 * 64, "training_flops": 6000 * 64 * 100, "steps": 100,
        "examples_seen": 6400, "learning_rate": 1e-3, "data_digest": "d" * 64, "num_classes": 10, "test_examples": 16,
        "irreducible_error": None, "train_loss": 0.5, "train_error": 0.25, "validation_loss": 0.5,
        "validation_error": 0.25, "test_loss": 0.5, "test_error": 0.25, "correct": "//8=",
        "curve": (Evaluation(100, 6400, 38_400_000, 0.5, 0.5, 0.25),),
    }  # fmt: skip
    return Record(**(values | changed))


def made_measured(**changed: Any) -> Measured:
    """What that run took."""
    values: dict[str, Any] = {
        "wall_seconds": 1.5, "evaluation_seconds": 0.1, "setup_seconds": 0.2, "lost_seconds": 0.0,
        "curve_seconds": (1.5,), "attempts": 1, "processors": 1, "peak_flops": 1e11, "peak_source": "made up",
        "hardware_burden": 1.5e11, "utilisation": 0.3, "energy_joules": None, "peak_memory_bytes": 10**9,
        "device": "cpu", "device_name": "made up", "math_mode": "float32", "threads": 1, "host": "here",
        "versions": {"torch": "2.13.0"}, "commit": "", "slurm": {},
        "schema_version": MEASURED_VERSION,
    }  # fmt: skip
    return Measured(**(values | changed))
