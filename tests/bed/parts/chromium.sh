# A browser, and what drives it: pages that pydeploy makes are opened in it.
install chromium chromium-driver fonts-dejavu-core
emit PYDEPLOY_TEST_CHROMIUM "$(command -v chromium)"
emit PYDEPLOY_TEST_CHROMEDRIVER "$(command -v chromedriver)"
