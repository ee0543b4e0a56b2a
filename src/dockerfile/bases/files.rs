//! An account file of a base image, without the fields that nobody here asks for.

/// Debian 12 and 13: what debootstrap's minbase makes of either, as the official images are made; base-passwd 3.6.1, 3.6.7.
pub(super) const DEBIAN_PASSWD: &str = "\
    root:x:0:0\n\
    daemon:x:1:1\n\
    bin:x:2:2\n\
    sys:x:3:3\n\
    sync:x:4:65534\n\
    games:x:5:60\n\
    man:x:6:12\n\
    lp:x:7:7\n\
    mail:x:8:8\n\
    news:x:9:9\n\
    uucp:x:10:10\n\
    proxy:x:13:13\n\
    www-data:x:33:33\n\
    backup:x:34:34\n\
    list:x:38:38\n\
    irc:x:39:39\n\
    _apt:x:42:65534\n\
    nobody:x:65534:65534\n";

/// The same, of groups.
pub(super) const DEBIAN_GROUP: &str = "\
    root:x:0:\n\
    daemon:x:1:\n\
    bin:x:2:\n\
    sys:x:3:\n\
    adm:x:4:\n\
    tty:x:5:\n\
    disk:x:6:\n\
    lp:x:7:\n\
    mail:x:8:\n\
    news:x:9:\n\
    uucp:x:10:\n\
    man:x:12:\n\
    proxy:x:13:\n\
    kmem:x:15:\n\
    dialout:x:20:\n\
    fax:x:21:\n\
    voice:x:22:\n\
    cdrom:x:24:\n\
    floppy:x:25:\n\
    tape:x:26:\n\
    sudo:x:27:\n\
    audio:x:29:\n\
    dip:x:30:\n\
    www-data:x:33:\n\
    backup:x:34:\n\
    operator:x:37:\n\
    list:x:38:\n\
    irc:x:39:\n\
    src:x:40:\n\
    shadow:x:42:\n\
    utmp:x:43:\n\
    video:x:44:\n\
    sasl:x:45:\n\
    plugdev:x:46:\n\
    staff:x:50:\n\
    games:x:60:\n\
    users:x:100:\n\
    nogroup:x:65534:\n";

/// Debian 10 and 11, Ubuntu to 22.10: base-passwd 3.5 still has gnats, and apt makes its user by adduser --system.
pub(super) const DEBIAN_11_PASSWD: &str = "\
    root:x:0:0\n\
    daemon:x:1:1\n\
    bin:x:2:2\n\
    sys:x:3:3\n\
    sync:x:4:65534\n\
    games:x:5:60\n\
    man:x:6:12\n\
    lp:x:7:7\n\
    mail:x:8:8\n\
    news:x:9:9\n\
    uucp:x:10:10\n\
    proxy:x:13:13\n\
    www-data:x:33:33\n\
    backup:x:34:34\n\
    list:x:38:38\n\
    irc:x:39:39\n\
    gnats:x:41:41\n\
    nobody:x:65534:65534\n\
    _apt:x:100:65534\n";

/// The same, of groups.
pub(super) const DEBIAN_11_GROUP: &str = "\
    root:x:0:\n\
    daemon:x:1:\n\
    bin:x:2:\n\
    sys:x:3:\n\
    adm:x:4:\n\
    tty:x:5:\n\
    disk:x:6:\n\
    lp:x:7:\n\
    mail:x:8:\n\
    news:x:9:\n\
    uucp:x:10:\n\
    man:x:12:\n\
    proxy:x:13:\n\
    kmem:x:15:\n\
    dialout:x:20:\n\
    fax:x:21:\n\
    voice:x:22:\n\
    cdrom:x:24:\n\
    floppy:x:25:\n\
    tape:x:26:\n\
    sudo:x:27:\n\
    audio:x:29:\n\
    dip:x:30:\n\
    www-data:x:33:\n\
    backup:x:34:\n\
    operator:x:37:\n\
    list:x:38:\n\
    irc:x:39:\n\
    src:x:40:\n\
    gnats:x:41:\n\
    shadow:x:42:\n\
    utmp:x:43:\n\
    video:x:44:\n\
    sasl:x:45:\n\
    plugdev:x:46:\n\
    staff:x:50:\n\
    games:x:60:\n\
    users:x:100:\n\
    nogroup:x:65534:\n";

/// What those two have in common.
pub(super) const DEBIAN_ANY_PASSWD: &str = "\
    root:x:0:0\n\
    daemon:x:1:1\n\
    bin:x:2:2\n\
    sys:x:3:3\n\
    sync:x:4:65534\n\
    games:x:5:60\n\
    man:x:6:12\n\
    lp:x:7:7\n\
    mail:x:8:8\n\
    news:x:9:9\n\
    uucp:x:10:10\n\
    proxy:x:13:13\n\
    www-data:x:33:33\n\
    backup:x:34:34\n\
    list:x:38:38\n\
    irc:x:39:39\n\
    nobody:x:65534:65534\n";

/// And what not.
pub(super) const DEBIAN_PERHAPS_PASSWD: &str = "\
    gnats:x:41:41\n";

/// And what not, of groups.
pub(super) const DEBIAN_PERHAPS_GROUP: &str = "\
    gnats:x:41:\n";

/// Ubuntu since 23.04: Debian's, and the user `ubuntu` of the cloud images <https://bugs.launchpad.net/bugs/2005129>.
pub(super) const UBUNTU_PASSWD: &str = "\
    root:x:0:0\n\
    daemon:x:1:1\n\
    bin:x:2:2\n\
    sys:x:3:3\n\
    sync:x:4:65534\n\
    games:x:5:60\n\
    man:x:6:12\n\
    lp:x:7:7\n\
    mail:x:8:8\n\
    news:x:9:9\n\
    uucp:x:10:10\n\
    proxy:x:13:13\n\
    www-data:x:33:33\n\
    backup:x:34:34\n\
    list:x:38:38\n\
    irc:x:39:39\n\
    _apt:x:42:65534\n\
    nobody:x:65534:65534\n\
    ubuntu:x:1000:1000\n";

/// The same, of groups; those that the user is a member of are cloud-init's.
pub(super) const UBUNTU_GROUP: &str = "\
    root:x:0:\n\
    daemon:x:1:\n\
    bin:x:2:\n\
    sys:x:3:\n\
    adm:x:4:ubuntu\n\
    tty:x:5:\n\
    disk:x:6:\n\
    lp:x:7:\n\
    mail:x:8:\n\
    news:x:9:\n\
    uucp:x:10:\n\
    man:x:12:\n\
    proxy:x:13:\n\
    kmem:x:15:\n\
    dialout:x:20:ubuntu\n\
    fax:x:21:\n\
    voice:x:22:\n\
    cdrom:x:24:ubuntu\n\
    floppy:x:25:ubuntu\n\
    tape:x:26:\n\
    sudo:x:27:ubuntu\n\
    audio:x:29:ubuntu\n\
    dip:x:30:ubuntu\n\
    www-data:x:33:\n\
    backup:x:34:\n\
    operator:x:37:\n\
    list:x:38:\n\
    irc:x:39:\n\
    src:x:40:\n\
    shadow:x:42:\n\
    utmp:x:43:\n\
    video:x:44:ubuntu\n\
    sasl:x:45:\n\
    plugdev:x:46:ubuntu\n\
    staff:x:50:\n\
    games:x:60:\n\
    users:x:100:\n\
    nogroup:x:65534:\n\
    ubuntu:x:1000:\n";

/// Alpine: alpine-baselayout's passwd since 3.18.
pub(super) const ALPINE_PASSWD: &str = "\
    root:x:0:0\n\
    bin:x:1:1\n\
    daemon:x:2:2\n\
    lp:x:4:7\n\
    sync:x:5:0\n\
    shutdown:x:6:0\n\
    halt:x:7:0\n\
    mail:x:8:12\n\
    news:x:9:13\n\
    uucp:x:10:14\n\
    cron:x:16:16\n\
    ftp:x:21:21\n\
    sshd:x:22:22\n\
    games:x:35:35\n\
    ntp:x:123:123\n\
    guest:x:405:100\n\
    nobody:x:65534:65534\n";

/// Alpine: alpine-baselayout's group since 3.18.
pub(super) const ALPINE_GROUP: &str = "\
    root:x:0:root\n\
    bin:x:1:root,bin,daemon\n\
    daemon:x:2:root,bin,daemon\n\
    sys:x:3:root,bin\n\
    adm:x:4:root,daemon\n\
    tty:x:5:\n\
    disk:x:6:root\n\
    lp:x:7:lp\n\
    kmem:x:9:\n\
    wheel:x:10:root\n\
    floppy:x:11:root\n\
    mail:x:12:mail\n\
    news:x:13:news\n\
    uucp:x:14:uucp\n\
    cron:x:16:cron\n\
    audio:x:18:\n\
    cdrom:x:19:\n\
    dialout:x:20:root\n\
    ftp:x:21:\n\
    sshd:x:22:\n\
    input:x:23:\n\
    tape:x:26:root\n\
    video:x:27:root\n\
    netdev:x:28:\n\
    kvm:x:34:kvm\n\
    games:x:35:\n\
    shadow:x:42:\n\
    users:x:100:games\n\
    ntp:x:123:\n\
    abuild:x:300:\n\
    utmp:x:406:\n\
    ping:x:999:\n\
    nogroup:x:65533:\n\
    nobody:x:65534:\n";

/// What earlier ones have beside that, one or another.
pub(super) const ALPINE_PERHAPS_PASSWD: &str = "\
    adm:x:3:4\n\
    operator:x:11:0\n\
    man:x:13:15\n\
    postmaster:x:14:12\n\
    at:x:25:25\n\
    squid:x:31:31\n\
    xfs:x:33:33\n\
    postgres:x:70:70\n\
    cyrus:x:85:12\n\
    vpopmail:x:89:89\n\
    smmsp:x:209:209\n";

/// What earlier ones have beside that, one or another, of groups.
pub(super) const ALPINE_PERHAPS_GROUP: &str = "\
    mem:x:8:\n\
    man:x:15:man\n\
    console:x:17:\n\
    at:x:25:at\n\
    readproc:x:30:\n\
    squid:x:31:squid\n\
    xfs:x:33:xfs\n\
    postgres:x:70:\n\
    cdrw:x:80:\n\
    www-data:x:82:\n\
    usb:x:85:\n\
    vpopmail:x:89:\n\
    nofiles:x:200:\n\
    smmsp:x:209:smmsp\n\
    locate:x:245:\n";

/// BusyBox: what its images have in common. Others come and go by C library and release.
pub(super) const BUSYBOX_PASSWD: &str = "\
    root:x:0:0\n\
    daemon:x:1:1\n\
    bin:x:2:2\n\
    sys:x:3:3\n\
    www-data:x:33:33\n";

/// The same, of groups.
pub(super) const BUSYBOX_GROUP: &str = "\
    root:x:0:\n\
    daemon:x:1:\n\
    bin:x:2:\n\
    sys:x:3:\n\
    adm:x:4:\n\
    tty:x:5:\n\
    www-data:x:33:\n";

/// Distroless: common/variables.bzl and base/base.bzl.
pub(super) const DISTROLESS_PASSWD: &str = "\
    root:x:0:0\n\
    nobody:x:65534:65534\n\
    nonroot:x:65532:65532\n";

/// The same, of groups.
pub(super) const DISTROLESS_GROUP: &str = "\
    root:x:0:\n\
    nobody:x:65534:\n\
    tty:x:5:\n\
    staff:x:50:\n\
    nonroot:x:65532:\n";
