"""The editors' desk: what citizens are answered is changed here, by two persons, and heard by the next citizen."""
