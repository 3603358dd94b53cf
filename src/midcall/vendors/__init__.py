"""Wire formats of vendors, pure: values in, JSON out, and the other way round."""
