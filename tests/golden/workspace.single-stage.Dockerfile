# Made by pydeploy (strategy: single-stage). To keep and change it: pydeploy build --dockerfile-only > Dockerfile
FROM python:3.13-slim

RUN --mount=type=cache,target=/var/cache/apt,sharing=locked \
    --mount=type=cache,target=/var/lib/apt/lists,sharing=locked \
    rm -f /etc/apt/apt.conf.d/docker-clean \
 && apt-get update \
 && apt-get install -y --no-install-recommends \
      g++ \
      gcc \
      libc6-dev

RUN groupadd --gid 1000 appuser \
 && useradd --uid 1000 --gid 1000 --create-home --shell /usr/sbin/nologin appuser
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /workspace

# Dependencies, from the files that state them alone: code that changes does not bring them here again.
RUN --mount=type=cache,target=/root/.cache/pip pip install --root-user-action=ignore uv==0.13.9
ENV UV_PROJECT_ENVIRONMENT=/opt/venv UV_PYTHON=3.13 UV_PYTHON_DOWNLOADS=never \
    UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1
COPY pyproject.toml uv.lock ./
COPY services/feed/pyproject.toml services/feed/
RUN --mount=type=cache,target=/root/.cache/uv \
    uv sync --frozen --package shop-feed --no-default-groups --no-install-workspace

COPY libs/shared libs/shared/
COPY services/feed services/feed/
RUN --mount=type=cache,target=/root/.cache/uv \
    uv sync --frozen --package shop-feed --no-default-groups --no-editable
WORKDIR /app
COPY services/feed/ ./
RUN python -m compileall -q --invalidation-mode unchecked-hash . || true

# By number: the kubelet can't tell whether a name is root.
USER 1000:1000
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --retries=3 \
  CMD ["python", "-c", "import http.client, sys; c = http.client.HTTPConnection('127.0.0.1', 8000, timeout=5); c.request('GET', '/health', headers={'Host': 'localhost:8000'}); sys.exit(c.getresponse().status >= 400)"]
LABEL org.opencontainers.image.title="shop-feed" \
      org.opencontainers.image.version="0.2.0"
CMD ["uvicorn", "feed.main:app", "--host", "0.0.0.0", "--port", "8000"]
