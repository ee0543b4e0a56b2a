# Made by pydeploy (strategy: multi-stage). To keep and change it: pydeploy build --dockerfile-only > Dockerfile
FROM python:3.13-slim AS build

# Compilers and headers stay in this stage.
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked \
    --mount=type=cache,target=/var/lib/apt/lists,sharing=locked \
    rm -f /etc/apt/apt.conf.d/docker-clean \
 && apt-get update \
 && apt-get install -y --no-install-recommends \
      g++ \
      gcc \
      libc6-dev
WORKDIR /app

# Dependencies, from the files that state them alone: code that changes does not bring them here again.
RUN python -m venv --without-pip /opt/venv
RUN --mount=type=cache,target=/root/.cache/pip \
    pip --python /opt/venv/bin/python install --disable-pip-version-check 'fastapi==0.115.12' 'uvicorn==0.34.2' 'python-magic==0.4.27'

# Code last: it changes most often. Bytecode is made here, since a read-only root can't keep it.
COPY . .
RUN python -m compileall -q --invalidation-mode unchecked-hash . || true

FROM python:3.13-slim
# The libraries that the builder's headers stand for.
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked \
    --mount=type=cache,target=/var/lib/apt/lists,sharing=locked \
    rm -f /etc/apt/apt.conf.d/docker-clean \
 && apt-get update \
 && apt-get install -y --no-install-recommends \
      libmagic1 \
      tini

RUN groupadd --gid 10001 api \
 && useradd --uid 10001 --gid 10001 --create-home --shell /usr/sbin/nologin api
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app

# By number: the kubelet can't tell whether a name is root.
USER 10001:10001
EXPOSE 9000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
  CMD ["python", "-c", "import http.client, sys; c = http.client.HTTPConnection('127.0.0.1', 9000, timeout=5); c.request('GET', '/it\\'s/well', headers={'Host': 'localhost:9000'}); sys.exit(c.getresponse().status >= 400)"]
LABEL org.opencontainers.image.title="team-api" \
      org.opencontainers.image.version="1.2.3" \
      org.opencontainers.image.description="An API with \"every\" setting stated"
CMD ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "9000"]
