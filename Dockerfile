# syntax=docker/dockerfile:1
# A worker and the other commands: docker build --tag journeys . && docker run --rm journeys --help
# Every package has the version of ops/requirements.lock and is refused with another hash, the installer too; what only
# developers need stays out, because the lock constrains what pyproject.toml asks for rather than being installed whole.

# The native engine. It links no Python, so it does not matter which one is here.
FROM rust:1-bookworm AS engine
RUN apt-get update && apt-get install --yes --no-install-recommends python3
WORKDIR /build
COPY streams/core streams/core
RUN streams/core/build python3

# The full image: on processors other than x86-64 Faust has to be compiled.
FROM python:3.11-bookworm AS build
WORKDIR /build
COPY ops/requirements.lock pyproject.toml ./
RUN awk '/^[a-z]/ { keep = /^uv==/ } keep' requirements.lock > uv.txt \
    && pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore --require-hashes --requirement uv.txt \
    && uv pip install --system --no-cache --constraint requirements.lock hatchling \
    && uv venv /opt/journeys \
    && uv pip install --python /opt/journeys --no-cache --compile-bytecode \
        --constraint requirements.lock --requirement pyproject.toml
COPY schemas schemas
COPY streams streams
COPY --from=engine /build/streams/core/native.abi3.so streams/core/
RUN python -m hatchling build --target wheel \
    && uv pip install --python /opt/journeys --no-cache --compile-bytecode --no-deps dist/*.whl

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin journeys
COPY --from=build /opt/journeys /opt/journeys
ENV PATH=/opt/journeys/bin:$PATH
USER 10001:10001
WORKDIR /tmp
ENTRYPOINT ["journeys"]
CMD ["worker"]
