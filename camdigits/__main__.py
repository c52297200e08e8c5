"""`python -m camdigits` is the command `camdigits`."""

from camdigits.cli import main

if __name__ == "__main__":
    main()
