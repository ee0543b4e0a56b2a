# The stand-in for python:3.13: the slim one, and what the official image has besides (buildpack-deps' list for bookworm).
FROM python:3.13-slim
RUN apt-get update && apt-get install -y --no-install-recommends \
      autoconf automake bzip2 ca-certificates curl default-libmysqlclient-dev dpkg-dev file g++ gcc git gnupg imagemagick \
      libbz2-dev libc6-dev libcurl4-openssl-dev libdb-dev libevent-dev libffi-dev libgdbm-dev libglib2.0-dev libgmp-dev \
      libjpeg-dev libkrb5-dev liblzma-dev libmagickcore-dev libmagickwand-dev libmaxminddb-dev libncurses5-dev \
      libncursesw5-dev libpng-dev libpq-dev libreadline-dev libsqlite3-dev libssl-dev libtool libwebp-dev libxml2-dev \
      libxslt-dev libyaml-dev make mercurial openssh-client patch procps subversion tk-dev unzip uuid-dev wget xz-utils zlib1g-dev \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin \
 # mercurial brings Debian's own Python along, as in the official image; `python3` stays the one of /usr/local.
 && python3 --version && [ "$(command -v python3)" = /usr/local/bin/python3 ]
