"""Tests of Pietura. They mirror the packages; nothing in them reaches beyond this machine."""
