"""What pages are made of. Each part is a function that makes elements, or a small class where it is changed later."""
