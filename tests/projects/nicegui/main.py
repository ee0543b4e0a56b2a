from nicegui import ui

ui.label("well")

if __name__ in {"__main__", "__mp_main__"}:
    ui.run(reload=False, show=False)
