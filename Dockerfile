# The image that the services api, worker, pool and migrate run in. The sandbox that user code runs in is another image
# (sandbox/). No BuildKit features: the classic builder must do.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
LABEL midcall.stage=build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PIP_NO_CACHE_DIR=1
WORKDIR /src
# Locks first: a change of code alone does not install them again.
COPY scripts/install scripts/
COPY requirements/build.txt requirements/runtime.txt requirements/
RUN python3 -m venv /build \
 && scripts/install /build/bin/python requirements/build.txt \
 && python3 -m venv /opt/midcall \
 && scripts/install /opt/midcall/bin/python requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY src src
# The files of the sandbox image travel inside the package.
COPY sandbox sandbox
RUN /build/bin/pip wheel -q --no-deps --no-build-isolation --no-index --wheel-dir /dist . \
 && /opt/midcall/bin/pip install -q --no-deps --no-index /dist/*.whl
# Packages of the sandbox image (docs/packages.md) are fetched here, for the pool that builds it has no network, nor pip.
ARG SANDBOX_REQUIREMENTS=sandbox/requirements.txt
COPY ${SANDBOX_REQUIREMENTS} /src/sandbox-requirements.txt
RUN /opt/midcall/bin/midcall sandbox fetch /src/sandbox-requirements.txt /opt/midcall/packages \
 && /opt/midcall/bin/pip uninstall -q -y pip

FROM ${PYTHON_IMAGE}
# One uid for all services: the pool's socket directory is 0700 and SO_PEERCRED lets its own uid in.
RUN groupadd --gid 10001 midcall \
 && useradd --uid 10001 --gid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin midcall \
 && install -d -o 10001 -g 10001 -m 0700 /data /run/midcall
COPY --from=build /opt/midcall /opt/midcall
COPY scripts/worker-health /opt/midcall/bin/
# MALLOC_…: many threads hold some megabytes for a moment, which glibc would keep (src/midcall/cli/children.py).
ENV PATH=/opt/midcall/bin:$PATH \
    MALLOC_ARENA_MAX=4 \
    MALLOC_TRIM_THRESHOLD_=131072 \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    MIDCALL_DATA_DIR=/data \
    MIDCALL_RUNTIME_DIR=/run/midcall \
    MIDCALL_SANDBOX_REQUIREMENTS=/opt/midcall/packages \
    MIDCALL_HOST=0.0.0.0 \
    MIDCALL_PORT=8787 \
    MIDCALL_LOG_FORMAT=json
USER 10001:10001
WORKDIR /data
EXPOSE 8787
ENTRYPOINT ["midcall"]
CMD ["--help"]
