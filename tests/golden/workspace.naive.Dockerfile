# Made by pydeploy (strategy: naive). To keep and change it: pydeploy build --dockerfile-only > Dockerfile
FROM python:3.13
WORKDIR /workspace
COPY . .
RUN pip install uv==0.13.9
ENV UV_PROJECT_ENVIRONMENT=/opt/venv UV_PYTHON_DOWNLOADS=never PATH=/opt/venv/bin:$PATH
RUN --mount=type=cache,target=/root/.cache/uv \
    uv sync --frozen --package shop-feed --no-default-groups
WORKDIR /workspace/services/feed

EXPOSE 8000
LABEL org.opencontainers.image.title="shop-feed" \
      org.opencontainers.image.version="0.2.0"
CMD ["uvicorn", "feed.main:app", "--host", "0.0.0.0", "--port", "8000"]
