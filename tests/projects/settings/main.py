from fastapi import FastAPI

app = FastAPI()


@app.get("/it's/well")
def health():
    return {"status": "ok"}
