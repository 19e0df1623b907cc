"""The paper's claims, by name. A new claim is one file and one line here."""

from harness.claims import (
    above_bound,
    algorithmic_progress,
    cost_follows_burden,
    expert_simulation,
    families,
    fourth_power,
    gpu_speedup,
    halving_time,
    implied_power,
    ninth_power,
    power_law,
    same_error,
    square_of_data,
    target_factor,
    tuning_direction,
    variance,
)
from harness.claims.claim import Arms, Claim, Ruling, Simulated, Terms
from harness.claims.published import Published
from harness.claims.verdict import Answer, Verdict

CLAIMS: dict[str, Claim] = {
    module.CLAIM.name: module.CLAIM
    for module in (
        power_law,
        fourth_power,
        ninth_power,
        variance,
        above_bound,
        target_factor,
        square_of_data,
        implied_power,
        expert_simulation,
        algorithmic_progress,
        halving_time,
        families,
        tuning_direction,
        cost_follows_burden,
        gpu_speedup,
        same_error,
    )
}

__all__ = ["CLAIMS", "Answer", "Arms", "Claim", "Published", "Ruling", "Simulated", "Terms", "Verdict"]
