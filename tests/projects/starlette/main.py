import os

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route


def ready(request: Request) -> PlainTextResponse:
    return PlainTextResponse("ok")


def main() -> None:
    api = Starlette(routes=[Route("/ready", ready)])
    uvicorn.run(api, host="0.0.0.0", port=int(os.environ.get("PORT", "8080")))


if __name__ == "__main__":
    main()
