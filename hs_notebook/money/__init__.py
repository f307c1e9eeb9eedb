"""Prices and costs, in Decimal USD."""
