from aiohttp import web


async def health(request: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


app = web.Application()
app.add_routes([web.get("/health", health)])

if __name__ == "__main__":
    web.run_app(app, port=8080)
