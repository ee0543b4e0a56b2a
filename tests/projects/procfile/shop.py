import os
import sqlite3

from flask import Flask

DATABASE = os.environ.get("DATABASE", "/tmp/shop.db")
app = Flask(__name__)


@app.cli.command("create")
def create() -> None:
    sqlite3.connect(DATABASE).execute("CREATE TABLE IF NOT EXISTS items (name TEXT)")


@app.get("/healthz")
def healthz() -> dict[str, int]:
    return {"items": sqlite3.connect(DATABASE).execute("SELECT COUNT(*) FROM items").fetchone()[0]}
