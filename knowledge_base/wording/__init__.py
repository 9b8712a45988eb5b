"""By which words a service is found: its title, everyday names and example questions, and what a change of them does."""
