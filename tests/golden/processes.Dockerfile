# Made by pydeploy (strategy: multi-stage). To keep and change it: pydeploy build --dockerfile-only > Dockerfile
FROM python:3.13-slim AS build
WORKDIR /app

# Code last: it changes most often. Bytecode is made here, since a read-only root can't keep it.
COPY . .
RUN python -m compileall -q --invalidation-mode unchecked-hash . || true

FROM python:3.13-slim

RUN groupadd --gid 1000 appuser \
 && useradd --uid 1000 --gid 1000 --create-home --shell /usr/sbin/nologin appuser
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PORT=8000
WORKDIR /app
COPY --from=build /app /app

# By number: the kubelet can't tell whether a name is root.
USER 1000:1000
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --retries=3 \
  CMD ["python", "-c", "import socket; socket.create_connection(('127.0.0.1', 8000), 5).close()"]
LABEL org.opencontainers.image.title="shop" \
      org.opencontainers.image.version="1.0.0"
CMD ["python", "web.py", "--port", "8000"]
