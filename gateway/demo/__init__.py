"""A past for the demo: a year of made-up contacts, so that whoever tries it out sees figures, months and rosters that have lived.

Never made in production, nor beside anything real: only in a database that has no case yet. What is made is marked in the audit
log (:data:`handoff.staff.repository.MADE_UP`), and the console says so wherever it is shown.
"""
