# The whole platform in one image: `serve`, `worker`, `migrate` and every other command of `rustok`.
FROM python:3.12-slim AS build
WORKDIR /src
COPY requirements.lock pyproject.toml README.md LICENSE ./
RUN python -m venv /opt/rustok && /opt/rustok/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY src ./src
RUN /opt/rustok/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.12-slim
RUN useradd --create-home --home-dir /var/lib/rustok rustok
COPY --from=build /opt/rustok /opt/rustok
ENV PATH=/opt/rustok/bin:$PATH RUSTOK_HOME=/var/lib/rustok RUSTOK_HOST=0.0.0.0 RUSTOK_ENVIRONMENT=production \
    RUSTOK_LOG_JSON=true
USER rustok
VOLUME /var/lib/rustok
EXPOSE 3000
HEALTHCHECK CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:3000/healthz')"]
CMD ["rustok", "serve"]
