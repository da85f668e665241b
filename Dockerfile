# syntax=docker/dockerfile:1
FROM python:3.11-slim AS build
WORKDIR /src
COPY requirements/runtime.lock requirements/
RUN python -m venv /opt/engintel \
    && /opt/engintel/bin/pip install --no-cache-dir --require-hashes --no-deps -r requirements/runtime.lock
COPY pyproject.toml README.md LICENSE ./
COPY adapters adapters
COPY domain domain
COPY engintel engintel
COPY evals evals
COPY prompts prompts
COPY server server
COPY tools tools
RUN python -m venv /opt/builder \
    && /opt/builder/bin/pip install --no-cache-dir "hatchling>=1.27,<2" \
    && /opt/builder/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /dist . \
    && /opt/engintel/bin/pip install --no-cache-dir --no-deps /dist/*.whl

FROM python:3.11-slim
LABEL io.modelcontextprotocol.server.name="io.github.engintel/engintel" \
      org.opencontainers.image.title="engintel" \
      org.opencontainers.image.description="A true, current picture of an engineering organisation for AI assistants, over MCP" \
      org.opencontainers.image.licenses="Apache-2.0"
# git reads the clones that are mounted for `engintel ingest git`.
RUN apt-get update && apt-get install --yes --no-install-recommends git && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --create-home --home-dir /home/engintel engintel \
    && mkdir /data && chown engintel:engintel /data
COPY --from=build /opt/engintel /opt/engintel
ENV PATH=/opt/engintel/bin:$PATH ENGINTEL_HOME=/data PYTHONUNBUFFERED=1
USER engintel
VOLUME /data
EXPOSE 8321
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8321/healthz', timeout=4)"]
# Without ENGINTEL_HTTP_TOKEN and ENGINTEL_ALLOWED_HOSTS it refuses to listen to other machines, and says so.
CMD ["engintel", "serve", "--transport", "http", "--host", "0.0.0.0", "--port", "8321"]
