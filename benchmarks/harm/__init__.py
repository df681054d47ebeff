"""Trainings that harm: none of them may be promoted."""
