"""Code that all other folders use: settings, keys, records, names, the store. It imports none of them."""
