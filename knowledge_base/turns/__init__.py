"""Examples of each kind of turn that editors add to those of the product."""
