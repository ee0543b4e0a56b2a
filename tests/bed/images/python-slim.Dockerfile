# The stand-in for python:3.13-slim, laid out as the official image is.
# This machine's CA bundle goes in, since its way to package indexes may pass a TLS proxy; no user gets this image.
FROM bed/debian:bookworm-slim AS build
COPY ca.crt /etc/ssl/certs/ca-certificates.crt
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev make xz-utils \
      libbz2-dev libffi-dev liblzma-dev libncurses-dev libreadline-dev libsqlite3-dev libssl-dev uuid-dev zlib1g-dev libgdbm-dev pkg-config
COPY python.tar.xz /src/
RUN cd /src && tar xJf python.tar.xz --strip-components=1 \
 && ./configure -q --prefix=/usr/local --enable-shared --with-ensurepip --enable-loadable-sqlite-extensions LDFLAGS=-Wl,--strip-all \
 && make -s -j"$(nproc)" >/dev/null && make -s install DESTDIR=/out >/dev/null \
 && find /out -depth \( -type d \( -name test -o -name tests -o -name idle_test -o -name __pycache__ \) -o -name '*.a' \) -exec rm -rf {} +

FROM bed/debian:bookworm-slim
COPY ca.crt /etc/ssl/certs/ca-certificates.crt
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates netbase tzdata \
      libbz2-1.0 libffi8 liblzma5 libncursesw6 libreadline8 libsqlite3-0 libssl3 libuuid1 zlib1g libgdbm6 \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin
COPY ca.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/usr/local /usr/local
RUN ldconfig && for s in idle3 pip3 pydoc3 python3 python3-config; do t=$(echo $s | tr -d 3); \
      [ ! -e /usr/local/bin/$s ] || ln -sf $s /usr/local/bin/$t; done; python3 --version && pip --version
ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 PYTHON_VERSION=3.13.5 \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
CMD ["python3"]
