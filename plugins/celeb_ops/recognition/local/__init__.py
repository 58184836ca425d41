"""The embedded recogniser: detector → landmarks → embedding → gallery."""
