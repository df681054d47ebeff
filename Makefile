# Everything a newcomer types. Set-up is part of each target.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: test lint types demo proto clean

test: lint types
	$(BIN)/pytest

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

demo: $(READY)
	$(BIN)/python -m mynah.demo

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) build dist demo

# The generated code is checked in, so that only who changes the proto needs the generator.
proto: $(READY)
	$(BIN)/python -m grpc_tools.protoc --proto_path=proto \
		--python_out=src --pyi_out=src --grpc_python_out=src proto/mynah/v1/speech.proto
