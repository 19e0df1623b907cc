"""What a sweep has to live through: faults on purpose, seeded, counted, and none of them may cost a result."""
