"""What every entrance over HTTP stands on: bodies counted and read, errors as problems, who calls, which use cases."""
