"""Numerics that the four kinds of analysis share: moments, the mixed model, exact rank tests."""
