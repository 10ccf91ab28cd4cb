# Short names for the commands of README.md and CONTRIBUTING.md.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo pipeline test lint format wheel schemas clean

$(BIN)/pytest: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q -U pip
	$(BIN)/pip install -q -c constraints.txt -e . --group dev
	touch $@

demo: $(BIN)/pytest
	$(BIN)/cmtmedqa build --demo --overwrite

pipeline: $(BIN)/pytest
	$(BIN)/pip install -q -c constraints.txt -e '.[train]'
	CMTMEDQA=$(BIN)/cmtmedqa PYTHON=$(BIN)/python train/pipeline.sh outputs/pipeline

test: $(BIN)/pytest
	$(BIN)/python -m pytest -q

lint: $(BIN)/pytest
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(BIN)/pytest
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

wheel: $(BIN)/pytest
	$(BIN)/pip wheel -q --no-deps -w dist .
	$(BIN)/python tests/packaging/check_wheel.py dist/*.whl

schemas: $(BIN)/pytest
	for name in $$($(BIN)/cmtmedqa schema); do $(BIN)/cmtmedqa schema $$name > schemas/$$name.schema.json; done

clean:
	rm -rf .venv dist cmtmedqa-demo .mypy_cache .ruff_cache .pytest_cache .hypothesis
