"""Stock: locations, levels, movements and reservations; never oversold."""
