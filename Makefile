# Everything a newcomer types. Set-up is part of each target.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: test test-cluster test-released lint types demo proto clean

# Files of tests run side by side, one more than there are cores: many of them wait for other
# processes. One thread each, as threads of small tensors cost more than they bring.
test: lint types
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 3 --dist loadfile

# Services that several servers share, started on loopback and stopped by the tests themselves.
SERVICES := redis-server memcached postgresql
# Where Debian has the commands of PostgreSQL's server.
WITH_SERVERS := PATH="$$PATH:$$(echo /usr/lib/postgresql/*/bin)"

test-cluster: build/cluster/.ready
	$(WITH_SERVERS) $(BIN)/pytest -m cluster tests/cluster

build/cluster/.ready: $(READY) tests/cluster/requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r tests/cluster/requirements.txt
	$(WITH_SERVERS) which redis-server memcached initdb > /dev/null || \
		(apt-get update -qq && apt-get install -qq --no-install-recommends $(SERVICES))
	mkdir -p $(@D)
	touch $@

# Folders as GPT-SoVITS releases them, with the oldest and both major versions of transformers.
TRANSFORMERS := 4.46 4.57 5
RELEASED_TESTS := tests/engine/test_released_folders.py tests/encoders/test_text_features.py \
	tests/server/test_released_size.py

test-released: $(TRANSFORMERS:%=build/transformers-%/.ready)
	set -e; for version in $(TRANSFORMERS); do echo "transformers $$version"; \
		PYTHONPATH=$(CURDIR)/build/transformers-$$version $(BIN)/pytest -m '' $(RELEASED_TESTS); done

build/transformers-%/.ready: $(READY)
	rm -rf $(@D)
	$(BIN)/pip install --quiet --disable-pip-version-check --target $(@D) 'transformers==$*.*'
	touch $@

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

demo: $(READY)
	$(BIN)/python -m mynah.cli.demo

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
