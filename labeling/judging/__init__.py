"""How good labels are, and what is done with those that are not sure: no training happens here."""
