"""`python -m midcall`."""

from midcall.cli.main import main

if __name__ == "__main__":
    main()
