"""What is to be priced, and what was found: values without behaviour that the parts of a checkout share."""
