from stock import create_app

app = create_app()
