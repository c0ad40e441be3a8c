"""Property tests of all that comes from outside, by Hypothesis; ``python -m tests.fuzz`` runs them longer."""
