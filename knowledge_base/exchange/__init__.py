"""The knowledge base as files: everything out, and files of services in, seen before and approved by a second person."""
