"""Settings of a training: what suits the base, and what is asked."""

from samesku.training.settings import TrainingSettings


def test_what_starts_from_nothing_has_defaults_of_its_own_and_takes_what_is_asked():
    fine = TrainingSettings.recipe("photo", "some/model")
    assert fine == TrainingSettings()
    new = TrainingSettings.recipe("photo", "new:efficientnet-tiny", epochs=3)
    assert (new.epochs, new.contrast, new.views) == (3, 1.0, 2)
    assert new.rate > fine.rate
    assert TrainingSettings.recipe("title", "new:bert-tiny").contrast == 0
    assert TrainingSettings.recipe("clip", "some/model", batch=8).batch == 8
