# Made by pydeploy (strategy: naive). To keep and change it: pydeploy build --dockerfile-only > Dockerfile
FROM python:3.13
WORKDIR /app
COPY . .
RUN pip install uv==0.13.9
RUN --mount=type=cache,target=/root/.cache/uv \
    uv pip install --system -r pylock.toml

EXPOSE 8000
LABEL org.opencontainers.image.title="links" \
      org.opencontainers.image.version="1.1.0"
CMD ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "8000"]
