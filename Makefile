.PHONY: check docs lint test

check: lint test

# Pages into site/; the variable silences a notice of the theme's about its own future.
docs:
	NO_MKDOCS_2_WARNING=1 python -m mkdocs build --strict

lint:
	ruff format --check .
	ruff check .
	mypy
	lint-imports

test:
	pytest
