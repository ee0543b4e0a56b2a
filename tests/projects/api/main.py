"""A small service: FastAPI, and a database driver that brings its own library."""

import psycopg
from fastapi import FastAPI

app = FastAPI()


@app.get("/")
def read_root():
    return {"message": "Hello", "libpq": psycopg.pq.version()}


@app.get("/health")
def health():
    return {"status": "ok"}
