"""Figures that everybody may have: by month, without anybody in them (R23)."""
