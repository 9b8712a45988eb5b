"""From cases to money: price lists, closed months, statements, disputes (R15–R17)."""
