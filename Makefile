# Each target works from a fresh clone on a machine that has Python 3.11+, Java 17+ and Maven.
# Another Python than the one called python3: make setup PYTHON=python3.12
PYTHON ?= python3
UV := .venv/bin/uv pip
BIN := .venv/bin
PEERS := ops/bench/peers
BROKER := $(PYTHON) ops/kafka/broker
# Python keeps what it has compiled, whatever the shell says: a start of `journeys` takes 1 s then, and 5 s otherwise.
export PYTHONDONTWRITEBYTECODE =

.PHONY: setup demo test check laws chaos bench storm restore peers tools

setup: .venv/installed ops/kafka/lib/fetched streams/core/built  ## make .venv with bin/journeys, and fetch the broker's jars

demo: setup  ## two workers, a simulated product and a crash, live in the terminal
	@$(BIN)/journeys demo

# The rooms that have no I/O have to be covered to the last branch by the tests that mirror them. The rest runs
# untraced, and in more processes than there are cores: it waits for Kafka.
PURE := codec engine language partition schemas
PYTEST := $(BIN)/pytest --dist loadfile --numprocesses
test: setup  ## all tests; they start brokers of their own
	@$(PYTEST) 2 $(PURE:%=tests/%) --cov-fail-under=100 \
		--cov=schemas --cov=streams.engine --cov=streams.language --cov=streams.partition
	@$(PYTEST) 4 $(PURE:%=--ignore=tests/%)

check: setup  ## style, types, layers, dependencies, dead code
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/deptry schemas streams
	$(BIN)/vulture
	@if command -v cargo-clippy >/dev/null; then cd streams/core && cargo fmt --check && cargo clippy --release --quiet -- -D warnings; fi

laws: setup  ## a hundred thousand random journeys against the independent evaluator; an hour at most, and goes on
	@$(BIN)/python -m tests.laws.run --journeys 100000 --minutes 60

# make chaos NEMESIS=kill,broker MINUTES=5 SEED=2; without any, each nemesis for as long as it is still owed.
NEMESIS ?= owed
SEED ?= 1
chaos: setup  ## workers, brokers and network under fire, and a check of everything that is left
	@PATH="$(CURDIR)/$(BIN):$$PATH" ops/chaos/run --nemesis $(NEMESIS) --seed $(SEED) $(if $(MINUTES),--minutes $(MINUTES))

bench: setup peers  ## throughput beside other engines, what it costs, latency; on a page (half an hour)
	@PATH="$(CURDIR)/$(BIN):$$PATH" ops/bench/run
	@PATH="$(CURDIR)/$(BIN):$$PATH" ops/bench/costs
	@PATH="$(CURDIR)/$(BIN):$$PATH" ops/bench/latency

storm: setup  ## a million deadlines at one instant
	@PATH="$(CURDIR)/$(BIN):$$PATH" ops/bench/storm

restore: setup  ## the states of a million users, beside reading the same bytes
	@PATH="$(CURDIR)/$(BIN):$$PATH" ops/bench/restore

peers: $(PEERS)/kafka-streams/target/reference.jar $(PEERS)/flink/target/reference.jar $(PEERS)/quix/.venv/installed  ## build the other engines' jobs

tools:
	@ops/tools $(PYTHON)

# The installer comes from the lock like everything else, with its hash; afterwards it keeps .venv to the lock.
.venv/bin/uv: | tools
	@echo "making .venv"
	@$(PYTHON) -m venv .venv
	@awk '/^[a-z]/ { keep = /^uv==/ } keep' ops/requirements.lock > .venv/uv.txt
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement .venv/uv.txt

.venv/installed: ops/requirements.lock pyproject.toml .venv/bin/uv
	@echo "installing what ops/requirements.lock names"
	@$(UV) sync --quiet --python .venv --require-hashes ops/requirements.lock
	@$(UV) install --quiet --python .venv --no-deps --no-build-isolation --editable .
	@touch $@

# The engine in Rust, where cargo is; it says which one there is now.
CORE := streams/core/Cargo.toml streams/core/build.rs $(wildcard streams/core/src/*.rs)
streams/core/built: $(CORE) .venv/installed
	@streams/core/build .venv/bin/python
	@touch $@

ops/kafka/lib/fetched: ops/kafka/pom.xml | tools
	@echo "fetching Apache Kafka"
	@rm -rf ops/kafka/lib
	@said=$$(mvn --quiet --batch-mode --strict-checksums --file ops/kafka/pom.xml dependency:copy-dependencies 2>&1) \
		|| { echo "$$said"; exit 1; }
	@echo "keeping Kafka's classes as Java has loaded them, for brokers to start faster"
	@data=$$(mktemp -d); trap '$(BROKER) wipe --data "$$data"' EXIT; \
		export JAVA_TOOL_OPTIONS="-XX:ArchiveClassesAtExit='$(CURDIR)/$(@D)/classes'"; \
		$(BROKER) start --data "$$data" >/dev/null && $(BROKER) stop --data "$$data" \
		&& mv $(@D)/classes $(@D)/classes.jsa || echo "they could not be kept, which costs each start some seconds"
	@touch $@

$(PEERS)/%/target/reference.jar: $(wildcard $(PEERS)/*/pom.xml $(PEERS)/*/src/main/java/*.java) | tools
	@echo "building the reference job for $*"
	@mvn --quiet --batch-mode --strict-checksums --file $(PEERS)/$*/pom.xml package
	@touch $@

$(PEERS)/quix/.venv/installed: $(PEERS)/quix/requirements.txt | tools
	@echo "installing Quix Streams"
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@
