"""The service that everyone starts with: FastAPI, and a database driver that is compiled."""

import psycopg2
from fastapi import FastAPI

app = FastAPI()


@app.get("/")
def read_root():
    return {"message": "Hello", "libpq": psycopg2.__libpq_version__}


@app.get("/health")
def health():
    return {"status": "ok"}
