# skopeo, which copies and inspects images wherever they are.
install skopeo
emit PYDEPLOY_TEST_SKOPEO "$(command -v skopeo)"
