from quart import Quart

from views import api


def create_app() -> Quart:
    app = Quart(__name__)
    app.register_blueprint(api, url_prefix="/api")
    return app
