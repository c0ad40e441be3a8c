"""The boundary to libobs: declarations, owned objects, native symbols.  Knows nothing of matting."""
