"""The live window, for people who clone and run: `python run_camera.py [SOURCE]` is `camdigits live [SOURCE]`."""

import sys

from camdigits.cli import main

if __name__ == "__main__":
    main(["live", *sys.argv[1:]])
