# Made by pydeploy (strategy: naive). To keep and change it: pydeploy build --dockerfile-only > Dockerfile
FROM python:3.13
WORKDIR /app
COPY . .
RUN --mount=type=cache,target=/root/.cache/pip \
    pip install -r requirements.txt

EXPOSE 8000
LABEL org.opencontainers.image.title="project"
CMD ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "8000"]
