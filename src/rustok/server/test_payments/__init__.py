"""The page on which a buyer approves or declines a payment of the test provider, as a bank's page would ask."""
