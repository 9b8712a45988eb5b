"""The composition root: settings, database and migrations, the application, the command line. Nobody imports it."""
