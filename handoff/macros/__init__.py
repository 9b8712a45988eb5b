"""Macros: several acts of whoever serves a citizen under one name, done one after the other and told one by one."""
