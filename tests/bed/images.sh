# How the bed gets an image that a public registry would give: have it, pull it, load it from the cache, or make it.
# Sourced by the parts that need it.

# image NAME MAKE: NAME is in the engine when this returns; MAKE is the function that makes the stand-in
image() {
  local name=$1 make=$2 file
  file=$BED_CACHE/images/$(tr '/:' '__' <<<"$name").tar.zst
  mkdir -p "$BED_CACHE/images"
  docker image inspect "$name" >/dev/null 2>&1 && return 0
  if [ -s "$file" ]; then
    say "loading $name from the cache"
    zstd -qdc "$file" | docker load -q >/dev/null && return 0
    say "the cached $name could not be loaded: making it again"
  fi
  if timeout 60 docker pull -q "$name" >/dev/null 2>&1; then say "pulled $name"; return 0; fi
  say "$name can't be pulled here: making a stand-in from Debian packages and upstream sources (once)"
  "$make" "$name"
  docker save "$name" | zstd -q -3 -o "$file.part" -f && mv "$file.part" "$file"
}

# mirror NAME: an image of the engine, in the registry as docker.io has it
mirror() {
  local copy=$PYDEPLOY_TEST_REGISTRY/library/$1
  curl -fsS -H 'Accept: application/vnd.docker.distribution.manifest.v2+json' \
    "http://$PYDEPLOY_TEST_REGISTRY/v2/library/${1%:*}/manifests/${1#*:}" 2>/dev/null \
    | grep -q "$(docker image inspect --format '{{.Id}}' "$1")" && return 0
  say "pushing $1 into the registry"
  docker tag "$1" "$copy" && docker push -q "$copy" >/dev/null && docker rmi "$copy" >/dev/null
}

# rootfs: imports bed/debian:bookworm-slim, laid out and as small as the official slim base
debian_slim() {
  docker image inspect bed/debian:bookworm-slim >/dev/null 2>&1 && return 0
  need_root "debootstrap" "an engine that has python:3.13-slim"
  install debootstrap zstd
  local root=$BED_CACHE/work/rootfs
  rm -rf --one-file-system "$root"; mkdir -p "$root"
  say "debootstrap bookworm (about a minute)"
  debootstrap --variant=minbase bookworm "$root" "$(debian_mirror)" >"$BED_RUN/debootstrap.log" 2>&1 \
    || { tail -n 5 "$BED_RUN/debootstrap.log" >&2; die "debootstrap failed (log: $BED_RUN/debootstrap.log)"; }
  # What the official slim image leaves out as well.
  rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/* "$root"/var/log/* "$root"/usr/share/{doc,man,info,locale,lintian,linda}/* \
    "$root"/var/cache/debconf/*-old "$root"/var/lib/dpkg/*-old
  mkdir -p "$root/var/cache/apt/archives/partial" "$root/var/lib/apt/lists/partial"
  printf 'path-exclude /usr/share/%s/*\n' doc man info locale >"$root/etc/dpkg/dpkg.cfg.d/docker"
  # As in the official image: a package's archive is gone once it is installed.
  cat >"$root/etc/apt/apt.conf.d/docker-clean" <<'A'
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true"; };
APT::Update::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true"; };
Dir::Cache::pkgcache ""; Dir::Cache::srcpkgcache "";
A
  tar -C "$root" -c . | docker import -c 'CMD ["bash"]' - bed/debian:bookworm-slim >/dev/null
  rm -rf --one-file-system "$root"
}

# debian_mirror: the archive that this machine's own apt uses
debian_mirror() {
  local m
  m=$(awk '/^URIs:/{print $2; exit}' /etc/apt/sources.list.d/debian.sources 2>/dev/null || true)
  [ -n "$m" ] || m=$(awk '$1=="deb"{for(i=2;i<=NF;i++) if($i ~ /^https?:/){print $i; exit}}' /etc/apt/sources.list)
  [ -n "$m" ] || die "no Debian archive in this machine's apt sources"
  echo "$m"
}

# debian_apt SUITE ARG…: apt-get on another suite of the same archive, apart from this machine's own lists
debian_apt() {
  local suite=$1 lists=$BED_CACHE/work/apt-$1; shift
  if [ ! -e "$lists/updated" ]; then
    mkdir -p "$lists/lists/partial" "$lists/archives/partial"
    for kind in deb deb-src; do
      echo "$kind [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(debian_mirror) $suite main"
    done >"$lists/sources.list"
  fi
  local options=(-o "Dir::Etc::SourceList=$lists/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o "Dir::State::Lists=$lists/lists" -o "Dir::Cache::archives=$lists/archives" -o APT::Sandbox::User=root)
  [ -e "$lists/updated" ] || { apt-get "${options[@]}" update -qq && touch "$lists/updated"; }
  apt-get "${options[@]}" "$@"
}

# debian_source PACKAGE PATTERN FOLDER: the pristine upstream archive that a source package of trixie carries; that of
# bookworm where the mirror lacks it (right after a point release it may list more than it can give)
debian_source() {
  local suite fresh=$3/.fresh
  for suite in trixie bookworm; do
    compgen -G "$3/$2" >/dev/null && break
    # Fetched aside and then moved: what an interrupted run leaves behind must not pass for the archive.
    rm -rf "$fresh"; mkdir -p "$fresh"
    (cd "$fresh" && debian_apt "$suite" source --download-only --tar-only -qq "$1/$suite" >>"$BED_RUN/apt.log" 2>&1 \
      && mv ./* "$3/") || true
    rm -rf "$fresh"
  done
  compgen -G "$3/$2" | head -n 1 || die "the archive gave no source of $1 (log: $BED_RUN/apt.log)"
}

# debian_package PACKAGE FOLDER: what a binary package of trixie holds, unpacked into FOLDER, nothing installed.
# apt checks the file against the signed index, and refuses it where the index itself could not be checked.
debian_package() {
  local fresh=$BED_CACHE/work/deb-$1
  rm -rf "$fresh" "$2.part"; mkdir -p "$fresh" "$2.part"
  # Lists from before a point release name files that are gone: a second try gets new ones.
  (cd "$fresh" && { debian_apt trixie download -qq "$1/trixie" 2>/dev/null \
    || { rm -f "$BED_CACHE/work/apt-trixie/updated"; debian_apt trixie download -qq "$1/trixie"; }; }) || die "the archive gave no $1"
  dpkg-deb -x "$fresh"/*.deb "$2.part"
  rm -rf "$2" "$fresh"; mv "$2.part" "$2"
}
