"""What a basket costs: prices, promotions, shipping, tax and gift cards put together."""
