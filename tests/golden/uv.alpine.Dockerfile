# Made by pydeploy (strategy: alpine). To keep and change it: pydeploy build --dockerfile-only > Dockerfile
FROM python:3.13-alpine AS build

# Compilers and headers stay in this stage.
RUN apk add --no-cache \
      g++ \
      gcc \
      libpq-dev \
      musl-dev
WORKDIR /app

# Dependencies, from the files that state them alone: code that changes does not bring them here again.
RUN --mount=type=cache,target=/root/.cache/pip pip install --root-user-action=ignore uv==0.13.9
ENV UV_PROJECT_ENVIRONMENT=/opt/venv UV_PYTHON=3.13 UV_PYTHON_DOWNLOADS=never \
    UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1
COPY pyproject.toml uv.lock README.md ./
RUN --mount=type=cache,target=/root/.cache/uv \
    uv sync --frozen --no-default-groups --no-install-workspace

# Code last: it changes most often. Bytecode is made here, since a read-only root can't keep it.
COPY . .
RUN --mount=type=cache,target=/root/.cache/uv \
    uv sync --frozen --no-default-groups --no-editable
RUN python -m compileall -q --invalidation-mode unchecked-hash . || true

FROM python:3.13-alpine
# The libraries that the builder's headers stand for.
RUN apk add --no-cache \
      libpq

RUN addgroup -g 1000 appuser && adduser -u 1000 -G appuser -D -s /sbin/nologin appuser
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
  CMD ["python", "-c", "import http.client, sys; c = http.client.HTTPConnection('127.0.0.1', 8000, timeout=5); c.request('GET', '/ping', headers={'Host': 'localhost:8000'}); sys.exit(c.getresponse().status >= 400)"]
LABEL org.opencontainers.image.title="notes" \
      org.opencontainers.image.version="0.3.0"
CMD ["uvicorn", "notes.main:app", "--host", "0.0.0.0", "--port", "8000"]
