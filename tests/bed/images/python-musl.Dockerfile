# The stand-in for python:3.13-alpine: what that image is to whoever uses it (busybox, musl, CPython under
# /usr/local), made from upstream sources. It is not Alpine and has no apk; its /etc/os-release says so.
# This machine's CA bundle goes in, since its way to package indexes may pass a TLS proxy; no user gets this image.
FROM bed/debian:bookworm-slim AS build
COPY ca.crt /etc/ssl/certs/ca-certificates.crt
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev linux-libc-dev make perl tcl xz-utils bzip2 \
      autoconf automake libltdl-dev libtool
# Not bookworm's own musl (1.2.3): it can't relocate the libraries that today's musllinux wheels carry (DT_RELR, 1.2.4).
COPY musl.tar /src/
RUN mkdir /src/musl && cd /src/musl && tar xaf ../musl.tar --strip-components=1 \
 && CC=gcc ./configure --prefix=/usr/local/musl --syslibdir=/lib >/dev/null && make -s -j"$(nproc)" install
# One compiler for all: musl's headers first, the kernel's after them, and no glibc triplet for configure to trip over.
RUN mkdir /kernel && ln -s /usr/include/linux /usr/include/asm-generic /usr/include/mtd /usr/include/x86_64-linux-gnu/asm /kernel/ \
 && printf '%s\n' '#!/bin/sh' 'case $1 in --print-multiarch|-print-multiarch) echo x86_64-linux-musl; exit ;; esac' \
      'exec /usr/local/musl/bin/musl-gcc "$@" -idirafter /kernel' >/usr/local/bin/musl-cc && chmod +x /usr/local/bin/musl-cc
ENV CC=musl-cc CFLAGS="-O2 -fPIC"
COPY zlib.tar libffi.tar bzip2.tar xz.tar sqlite.tar /src/
RUN set -e; cd /src; for p in zlib libffi bzip2 xz sqlite; do mkdir $p; tar xaf $p.tar -C $p --strip-components=1; done; \
    (cd zlib && ./configure --static --prefix=/opt/musl && make -s install); \
    (cd libffi && autoreconf -i >/dev/null 2>&1 && ./configure -q --disable-shared --disable-docs --prefix=/opt/musl && make -s install); \
    (cd bzip2 && make -s CC="$CC" CFLAGS="$CFLAGS" libbz2.a && cp libbz2.a /opt/musl/lib && cp bzlib.h /opt/musl/include); \
    (cd xz && ./configure -q --disable-shared --disable-nls --disable-doc --disable-scripts --disable-xz --disable-xzdec \
      --disable-lzmadec --disable-lzmainfo --prefix=/opt/musl && make -s install); \
    (cd sqlite && ./configure -q --disable-tcl --disable-shared && make -s sqlite3.c sqlite3.h \
      && $CC $CFLAGS -DSQLITE_ENABLE_FTS5 -DSQLITE_ENABLE_MATH_FUNCTIONS -c sqlite3.c \
      && ar rcs /opt/musl/lib/libsqlite3.a sqlite3.o && cp sqlite3.h /opt/musl/include)
COPY busybox.tar /src/
RUN mkdir /src/busybox && cd /src/busybox && tar xaf ../busybox.tar --strip-components=1 && make -s defconfig HOSTCC=gcc >/dev/null \
 && sed -i -e 's/.*CONFIG_STATIC is not.*/CONFIG_STATIC=y/' -e 's/^CONFIG_TC=y/# CONFIG_TC is not set/' .config \
 && nice make -s -j"$(nproc)" CC="$CC" HOSTCC=gcc busybox >/dev/null && make -s CC="$CC" HOSTCC=gcc install CONFIG_PREFIX=/out >/dev/null
COPY openssl.tar /src/
RUN mkdir /src/openssl && cd /src/openssl && tar xaf ../openssl.tar --strip-components=1 \
 && ./Configure linux-x86_64 --prefix=/opt/musl --libdir=lib --openssldir=/etc/ssl no-shared no-module no-tests no-async >/dev/null \
 && nice make -s -j"$(nproc)" build_libs && make -s install_dev
COPY python.tar /src/
RUN mkdir /src/python && cd /src/python && tar xaf ../python.tar --strip-components=1 \
 && PKG_CONFIG=false CPPFLAGS=-I/opt/musl/include LDFLAGS='-L/opt/musl/lib -Wl,--strip-all' \
    ./configure -q --prefix=/usr/local --enable-shared --with-ensurepip --with-openssl=/opt/musl \
 && nice make -s -j"$(nproc)" >/dev/null && make -s install DESTDIR=/out >/dev/null \
 && find /out -depth \( -type d \( -name test -o -name tests -o -name idle_test -o -name __pycache__ \) -o -name '*.a' \) -exec rm -rf {} +
COPY ca.crt /out/etc/ssl/certs/ca-certificates.crt
RUN set -e; cd /out; mkdir -p dev etc home lib media mnt opt proc root run srv sys tmp usr/lib usr/local/lib var/cache var/lib var/log var/tmp; \
    chmod 1777 tmp var/tmp; chmod 700 root; rm -f linuxrc; ln -s certs/ca-certificates.crt etc/ssl/cert.pem; \
    cp -L /lib/ld-musl-x86_64.so.1 lib/; ln -s ld-musl-x86_64.so.1 lib/libc.musl-x86_64.so.1; \
    printf '#!/bin/sh\nexec /lib/ld-musl-x86_64.so.1 --list "$@"\n' >usr/bin/ldd; chmod +x usr/bin/ldd; \
    printf '%s\n' root:x:0:0:root:/root:/bin/sh bin:x:1:1:bin:/bin:/sbin/nologin daemon:x:2:2:daemon:/sbin:/sbin/nologin \
      nobody:x:65534:65534:nobody:/:/sbin/nologin >etc/passwd; \
    printf '%s\n' root:x:0:root bin:x:1:root,bin,daemon daemon:x:2:root,bin,daemon tty:x:5: users:x:100: nobody:x:65534: >etc/group; \
    printf '%s\n' 'root:*::0:::::' 'bin:!::0:::::' 'daemon:!::0:::::' 'nobody:!::0:::::' >etc/shadow; chmod 640 etc/shadow; \
    echo /bin/sh >etc/shells; echo 'export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' >etc/profile; \
    printf '%s\n' 'NAME="musl stand-in"' ID=musl-standin ID_LIKE=alpine 'PRETTY_NAME="busybox, musl and CPython; not Alpine"' >etc/os-release; \
    for s in idle3 pip3 pydoc3 python3 python3-config; do t=$(echo $s | tr -d 3); [ ! -e usr/local/bin/$s ] || ln -sf $s usr/local/bin/$t; done
# So that this stage, a gigabyte, can be told apart and removed.
LABEL pydeploy-bed=build-stage

FROM scratch
COPY --from=build /out /
ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 PYTHON_VERSION=3.13.5 \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
# What the bed's users will ask of it.
RUN addgroup -g 1000 t && adduser -u 1000 -G t -D t && deluser t && rm -rf /home/t \
 && python3 -c 'import ssl, zlib, ctypes, bz2, lzma, sqlite3, hashlib, socket' && python3 --version && pip --version
CMD ["python3"]
