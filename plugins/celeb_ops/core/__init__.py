"""What every room uses: settings, keys, records, names, the store. It knows no other room."""
