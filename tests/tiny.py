"""The smallest real studies: seconds in all, no file and no network needed."""

TEACHER = (
    "data=teacher",
    "data.train_examples=2000",
    "data.validation_examples=500",
    "data.options.pool=3000",
    "data.options.test_examples=2000",
    "optim.batch_size=16",
    "launcher.workers=2",
)
HERE = (
    "launcher=inline"  # trains in the process that launches: where workers are not the subject, seconds less for each
)
STUDY = (
    *TEACHER,
    "study.name=tiny",
    "budget.training_flops=2e6,5e6,1.2e7,3e7,8e7",
    "model.width=4,8,16",
    "model.depth=1",
    "seed=range(0,2)",
)
