"""Why a model says what it says: attribution methods, targets and their results."""
