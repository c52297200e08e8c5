"""Run the command `camdigits` as `python -m camdigits`."""

from camdigits.cli import main

if __name__ == "__main__":
    main()
