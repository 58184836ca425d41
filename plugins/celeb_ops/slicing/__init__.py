"""Picture and facts → slices that a face recogniser can read well, at the least cost."""
