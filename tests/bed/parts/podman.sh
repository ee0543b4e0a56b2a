# podman, which runs what other tools have written.
install podman
emit PYDEPLOY_TEST_PODMAN "$(command -v podman)"
