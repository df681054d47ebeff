"""`python -m mynah` is the command `mynah`."""

from mynah.cli import main

if __name__ == "__main__":
    main()
