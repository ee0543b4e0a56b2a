# Made by pydeploy (strategy: naive). To keep and change it: pydeploy build --dockerfile-only > Dockerfile
FROM python:3.13
WORKDIR /app
COPY . .
RUN --mount=type=cache,target=/root/.cache/pip \
    pip install -r requirements.txt 'setuptools<81' 'werkzeug<3'

EXPOSE 8000
LABEL org.opencontainers.image.title="project"
CMD ["gunicorn", "--bind", "0.0.0.0:8000", "--worker-tmp-dir", "/dev/shm", "app:app"]
