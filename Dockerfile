# syntax=docker/dockerfile:1

# Everything is fetched and built here, checked against the lock's hashes. What only the tests need
# ends in /wheels too, but not in the virtual environment, so it does not reach the image.
FROM python:3.13-slim AS build
WORKDIR /src
COPY requirements.lock .
RUN python -m venv /opt/venv \
    && awk '/^[a-z]/ { keep = /^(packaging|setuptools|wheel)==/ } keep' requirements.lock > build.lock \
    && /opt/venv/bin/pip install --no-cache-dir --no-deps --require-hashes -r build.lock \
    && /opt/venv/bin/pip wheel --no-cache-dir --no-deps --require-hashes --no-build-isolation \
        --wheel-dir /wheels -r requirements.lock
COPY . .
# From the verified wheels alone: there is one version of each, the one in the lock.
RUN /opt/venv/bin/pip install --no-cache-dir --no-index --find-links /wheels \
        --no-build-isolation . \
    && /opt/venv/bin/pip check

FROM python:3.13-slim
# A fixed number, so that the owner of a volume's files survives a rebuild of the image.
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin trading \
    && install -d -o trading -g trading -m 0700 /data /keys
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    TRADING_DATA_DIR=/data \
    TRADING_KEYS_DIR=/keys
USER trading
# Two volumes, because a backup of the data must not carry the keys that open it.
VOLUME ["/data", "/keys"]
EXPOSE 8000
# Alive, not ready: restarting a server does not bring back a database it waits for.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/livez', timeout=2)"]
# In exec form, so that the signal to stop reaches the server itself.
ENTRYPOINT ["trading-server"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
