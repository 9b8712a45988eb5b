"""Working time in Latvia: hours, holidays, moved working days."""
