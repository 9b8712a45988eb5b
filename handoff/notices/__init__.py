"""Notices to everybody: an outage, a change of hours; shown in the widget and said with the assistant's first words."""
