"""A version on its way into use: written, imported, published."""
