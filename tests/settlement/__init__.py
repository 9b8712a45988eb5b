"""Tests of tariffs and settlement."""
