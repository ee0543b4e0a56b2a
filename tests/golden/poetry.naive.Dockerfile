# Made by pydeploy (strategy: naive). To keep and change it: pydeploy build --dockerfile-only > Dockerfile
FROM python:3.13
WORKDIR /app
COPY . .
RUN pip install poetry==2.1.4
RUN python -m venv /opt/venv
ENV VIRTUAL_ENV=/opt/venv PATH=/opt/venv/bin:$PATH POETRY_NO_INTERACTION=1
RUN --mount=type=cache,target=/root/.cache/pypoetry \
    poetry install --only main

EXPOSE 8000
LABEL org.opencontainers.image.title="orders" \
      org.opencontainers.image.version="0.4.0"
CMD ["uvicorn", "orders.api:create_app", "--host", "0.0.0.0", "--port", "8000", "--factory"]
