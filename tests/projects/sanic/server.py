from sanic import Sanic, json

app = Sanic("orders")


@app.get("/health")
async def health(request):
    return json({"status": "ok"})
