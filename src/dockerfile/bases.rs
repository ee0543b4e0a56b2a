//! A base image: what is known of well-known ones by their names alone.
//!
//! Official images are taken at their word: what docker-library, astral-sh and distroless publish. An image of another
//! owner may be anything.

mod files;
mod name;
#[cfg(test)]
mod tests;

/// A family of distributions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Debian.
    Debian,
    /// Ubuntu.
    Ubuntu,
    /// Alpine.
    Alpine,
    /// BusyBox, and nothing else.
    Busybox,
    /// Debian's libraries without a shell or a package manager: <https://github.com/GoogleContainerTools/distroless>.
    Distroless,
    /// Nothing: `FROM scratch`, and images of a single program made from it.
    Scratch,
}

/// How recent a release is, as far as accounts go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// Debian 12, Ubuntu 23.04 and later ones: base-passwd 3.6, adduser 3.129; Alpine and others at any time.
    Recent,
    /// Earlier ones.
    Earlier,
    /// The name doesn't say.
    Unknown,
}

/// What is in an image beside its distribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contents {
    /// Nothing.
    Plain,
    /// CPython, as in python's slim and alpine images.
    Python,
    /// CPython on buildpack-deps, as in python's images without `slim` or `alpine`.
    FullPython,
    /// What compiles most sources: <https://hub.docker.com/_/buildpack-deps>.
    Buildpack,
    /// CPython from the distribution, as in distroless.
    DistributionPython,
}

/// A base image that is known by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownBase {
    /// Its distribution.
    pub family: Family,
    /// Its release.
    pub release: Release,
    /// What is in it beside that.
    pub contents: Contents,
    /// The `USER` that it ends with; empty where it has none.
    pub user: &'static str,
    /// Whether Debian's adduser is there; apt needs it no more since Debian 13.
    adduser: Option<bool>,
    /// Whether uv is there: <https://docs.astral.sh/uv/guides/integration/docker/>.
    uv: bool,
    /// Whether BusyBox is there though the family has none, as in distroless' `debug`.
    debug: bool,
}

impl KnownBase {
    /// The base that an image's name leads to: `[HOST/][PATH/]NAME[:TAG][@DIGEST]`, or `scratch`.
    pub fn of(image: &str) -> Option<Self> {
        name::known(image)
    }

    /// The names of the environment variables that the image sets, or has set in some release.
    pub fn env(&self) -> &'static [&'static str] {
        match (self.contents, self.uv) {
            // docker-library/python, Dockerfile-linux.template; those of pip and GPG_KEY come and go with versions.
            (Contents::Python | Contents::FullPython, _) => &[
                "PATH",
                "LANG",
                "GPG_KEY",
                "PYTHON_VERSION",
                "PYTHON_SHA256",
                "PYTHON_PIP_VERSION",
                "PYTHON_SETUPTOOLS_VERSION",
                "PYTHON_GET_PIP_URL",
                "PYTHON_GET_PIP_SHA256",
                "UV_TOOL_BIN_DIR",
            ],
            (_, true) => &["PATH", "UV_TOOL_BIN_DIR"],
            _ if self.family == Family::Distroless => &["PATH", "SSL_CERT_FILE", "LANG"],
            _ => &["PATH"],
        }
    }

    /// Whether a program is there; `None` where that isn't certain.
    pub fn has(&self, program: &str) -> Option<bool> {
        if let Some(answer) = self.of_contents(program) {
            return Some(answer);
        }
        match self.family {
            Family::Scratch => Some(false),
            Family::Distroless => self.of_distroless(program),
            Family::Debian | Family::Ubuntu => self.of_debian(program),
            Family::Alpine | Family::Busybox => of_busybox(program, self.family),
        }
    }

    /// Python and uv.
    fn of_contents(&self, program: &str) -> Option<bool> {
        let python = matches!(self.contents, Contents::Python | Contents::FullPython);
        match program {
            "python" | "python3" | "pip" | "pip3" if python => Some(true),
            "python3" | "python" if self.contents == Contents::DistributionPython => Some(true),
            // buildpack-deps has Debian's own python3, for mercurial.
            "python3" if self.contents == Contents::Buildpack => None,
            "python" | "python3" | "pip" | "pip3" => Some(false),
            "uv" | "uvx" => Some(self.uv),
            _ => None,
        }
    }

    fn of_distroless(&self, program: &str) -> Option<bool> {
        match program {
            "sh" | "wget" | "nc" if self.debug => Some(true),
            "sh" | "bash" | "curl" | "wget" | "nc" | "apt-get" | "useradd" | "adduser" | "git" => Some(false),
            _ => None,
        }
    }

    fn of_debian(&self, program: &str) -> Option<bool> {
        let full = matches!(self.contents, Contents::FullPython | Contents::Buildpack);
        match program {
            // Essential packages and apt, in every image of Debian's and Ubuntu's: bash, dash, coreutils, grep, sed, tar,
            // findutils, perl-base; shadow's tools are passwd's, which has priority required.
            "sh" | "bash" | "cat" | "ls" | "grep" | "sed" | "awk" | "tar" | "gzip" | "find" | "perl" | "test"
            | "timeout" | "apt-get" | "dpkg" | "useradd" | "usermod" | "groupadd" | "id" | "getent" | "hostname" => {
                Some(true)
            }
            "adduser" | "addgroup" | "deluser" => self.adduser,
            // buildpack-deps: curl and scm variants. The slim images have none of them.
            "curl" | "wget" | "git" => Some(full),
            "gcc" | "make" | "openssl" | "ps" | "pgrep" | "pidof" if full => Some(true),
            // ca-certificates, which python's slim images keep, needs openssl.
            "openssl" => {
                if self.contents == Contents::Python {
                    None
                } else {
                    Some(false)
                }
            }
            "ps" | "pgrep" if self.family == Family::Ubuntu => None,
            "nc" | "ncat" | "telnet" | "http" | "httpie" | "grpc_health_probe" | "redis-cli" | "pg_isready"
            | "mysqladmin" | "ping" | "gcc" | "make" | "ps" | "pgrep" | "jq" | "sudo" => {
                if full {
                    None
                } else {
                    Some(false)
                }
            }
            _ => None,
        }
    }

    /// What its /etc/passwd holds, as far as every image of that name has it.
    pub fn passwd(&self) -> &'static str {
        match (self.family, self.release) {
            (Family::Debian, Release::Recent) => files::DEBIAN_PASSWD,
            (Family::Debian | Family::Ubuntu, Release::Earlier) => files::DEBIAN_11_PASSWD,
            (Family::Ubuntu, Release::Recent) => files::UBUNTU_PASSWD,
            (Family::Debian | Family::Ubuntu, Release::Unknown) => files::DEBIAN_ANY_PASSWD,
            (Family::Alpine, _) => files::ALPINE_PASSWD,
            (Family::Busybox, _) => files::BUSYBOX_PASSWD,
            (Family::Distroless, _) => files::DISTROLESS_PASSWD,
            (Family::Scratch, _) => "",
        }
    }

    /// What its /etc/group holds, as far as every image of that name has it.
    pub fn group(&self) -> &'static str {
        match (self.family, self.release) {
            (Family::Ubuntu, Release::Recent) => files::UBUNTU_GROUP,
            (Family::Debian | Family::Ubuntu, Release::Earlier) => files::DEBIAN_11_GROUP,
            (Family::Debian, _) | (Family::Ubuntu, Release::Unknown) => files::DEBIAN_GROUP,
            (Family::Alpine, _) => files::ALPINE_GROUP,
            (Family::Busybox, _) => files::BUSYBOX_GROUP,
            (Family::Distroless, _) => files::DISTROLESS_GROUP,
            (Family::Scratch, _) => "",
        }
    }

    /// What some images of that name have in /etc/passwd and others not.
    pub fn perhaps_passwd(&self) -> &'static str {
        match (self.family, self.release) {
            (Family::Debian | Family::Ubuntu, Release::Unknown) => files::DEBIAN_PERHAPS_PASSWD,
            (Family::Alpine, _) => files::ALPINE_PERHAPS_PASSWD,
            _ => "",
        }
    }

    /// What some images of that name have in /etc/group and others not.
    pub fn perhaps_group(&self) -> &'static str {
        match (self.family, self.release) {
            (Family::Debian | Family::Ubuntu, Release::Unknown) => files::DEBIAN_PERHAPS_GROUP,
            (Family::Alpine, _) => files::ALPINE_PERHAPS_GROUP,
            _ => "",
        }
    }

    /// Whether packages in it may have made accounts that aren't listed, all of them outside of 1000 to 59999.
    ///
    /// buildpack-deps has openssh-client, whose group `_ssh` is one; the files of BusyBox differ by its C library.
    pub fn has_more_accounts(&self) -> bool {
        matches!(self.contents, Contents::FullPython | Contents::Buildpack)
            || self.release == Release::Unknown
            || self.family == Family::Busybox
    }
}

/// Applets of BusyBox, as Alpine and the busybox image have them, and what Alpine has beside them.
fn of_busybox(program: &str, family: Family) -> Option<bool> {
    let alpine = family == Family::Alpine;
    match program {
        "sh" | "ash" | "wget" | "nc" | "cat" | "ls" | "grep" | "sed" | "awk" | "tar" | "gzip" | "find" | "test"
        | "timeout" | "ps" | "pgrep" | "pidof" | "ping" | "id" | "hostname" | "adduser" | "addgroup" | "deluser"
        | "telnet" => Some(true),
        // apk-tools, and musl-utils; both in every image of Alpine's.
        "apk" | "getent" => Some(alpine),
        "bash" | "curl" | "git" | "perl" | "gcc" | "make" | "useradd" | "usermod" | "groupadd" | "apt-get" | "sudo"
        | "jq" | "openssl" | "redis-cli" | "pg_isready" | "grpc_health_probe" => Some(false),
        _ => None,
    }
}
