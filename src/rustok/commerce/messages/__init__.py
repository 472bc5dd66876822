"""What buyers and staff are told of orders: mails, invoices and packing slips."""
