from quart import Blueprint

api = Blueprint("api", __name__)


@api.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}
