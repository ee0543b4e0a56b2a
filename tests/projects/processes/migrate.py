import pathlib

pathlib.Path("/tmp/migrated").touch()
print("migrated")
