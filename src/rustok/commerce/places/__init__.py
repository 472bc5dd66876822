"""Places of the world, as zones of taxes and of shipping name them."""
