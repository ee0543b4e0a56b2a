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
COPY requirements.txt ./
RUN --mount=type=cache,target=/root/.cache/pip \
    pip --python /opt/venv/bin/python install --disable-pip-version-check -r requirements.txt 'setuptools<81' 'werkzeug<3'

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
LABEL org.opencontainers.image.title="project"
CMD ["gunicorn", "--bind", "0.0.0.0:8000", "--worker-tmp-dir", "/dev/shm", "app:app"]
