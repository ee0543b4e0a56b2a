# Made by pydeploy (strategy: multi-stage). To keep and change it: pydeploy build --dockerfile-only > Dockerfile
FROM python:3.13-slim AS build
WORKDIR /app

# Dependencies, from the files that state them alone: code that changes does not bring them here again.
RUN --mount=type=cache,target=/root/.cache/pip pip install --root-user-action=ignore uv==0.13.9
RUN python -m venv --without-pip /opt/venv
ENV UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1
COPY pylock.toml ./
RUN --mount=type=cache,target=/root/.cache/uv \
    uv pip install --python /opt/venv/bin/python --no-deps --no-editable -r pylock.toml

# Code last: it changes most often. Bytecode is made here, since a read-only root can't keep it.
COPY . .
RUN python -m compileall -q --invalidation-mode unchecked-hash . || true

FROM python:3.13-slim

RUN groupadd --gid 1000 appuser \
 && useradd --uid 1000 --gid 1000 --create-home --shell /usr/sbin/nologin appuser
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app

# By number: the kubelet can't tell whether a name is root.
USER 1000:1000
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --retries=3 \
  CMD ["python", "-c", "import http.client, sys; c = http.client.HTTPConnection('127.0.0.1', 8000, timeout=5); c.request('GET', '/health', headers={'Host': 'localhost:8000'}); sys.exit(c.getresponse().status >= 400)"]
LABEL org.opencontainers.image.title="links" \
      org.opencontainers.image.version="1.1.0"
CMD ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "8000"]
