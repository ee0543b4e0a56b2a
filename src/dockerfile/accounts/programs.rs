//! A program: whether it is one that leaves accounts alone.

/// Programs that change no accounts: of the shell, coreutils and their like, compilers, interpreters, and the package
/// managers of languages.
const INERT: &[&str] = &[
    // Files and text.
    "ar", "arch", "awk", "b2sum", "base32", "base64", "basename", "bsdtar", "bunzip2", "bzip2", "cat", "chattr", "chgrp",
    "chmod", "chown", "cksum", "cmp", "column", "comm", "cp", "cpio", "csplit", "cut", "date", "dd", "diff", "dirname",
    "dos2unix", "du", "df", "egrep", "envsubst", "expand", "expr", "fgrep", "file", "fmt", "fold", "gawk", "getfacl", "grep",
    "gunzip", "gzip", "head", "hexdump", "hostname", "iconv", "install", "jq", "less", "link", "ln", "ls", "lzma", "mawk",
    "md5sum", "mkdir", "mkfifo", "mknod", "mktemp", "more", "mv", "nl", "nproc", "numfmt", "od", "paste", "patch", "printenv",
    "printf", "pwd", "readlink", "realpath", "rename", "rev", "rm", "rmdir", "rsync", "sed", "seq", "setcap", "setfacl",
    "sha1sum", "sha256sum", "sha512sum", "shred", "shuf", "sleep", "sort", "split", "stat", "strings", "strip", "sum",
    "sync", "tac", "tail", "tar", "tee", "touch", "tr", "tree", "truncate", "tsort", "tty", "uname", "unexpand", "uniq",
    "unlink", "unxz", "unzip", "unzstd", "uptime", "wc", "which", "whoami", "xxd", "xz", "yes", "yq", "zcat", "zip", "zstd",
    // What the machine is, and what runs.
    "arping", "kill", "pidof", "pgrep", "ping", "ps", "lscpu", "lsblk", "sysctl", "ulimit", "umask", "groups", "who",
    "ldconfig", "ldd", "locale-gen", "localedef", "update-alternatives", "update-ca-certificates", "update-ca-trust",
    "update-locale", "dpkg-reconfigure", "debconf-set-selections", "dpkg-query", "dpkg-divert", "dpkg-statoverride",
    "dpkg-architecture", "apt-mark", "apt-cache", "apt-key", "apt-config", "add-apt-repository", "lsb_release",
    "savedlog", "hostnamectl", "timedatectl", "mount", "umount", "mkfs", "ssh-keygen", "ssh-keyscan", "rc-update",
    // Passwords and shells, but no ids.
    "chage", "chfn", "chpasswd", "chsh", "openssl", "passwd", "pwck", "grpck", "pwconv", "pwunconv", "grpconv", "mkpasswd",
    // What fetches.
    "aria2c", "aws", "az", "curl", "dig", "fetch", "ftp", "gcloud", "gh", "git", "git-lfs", "gpg", "gpgconf", "gpgv", "gsutil",
    "hg", "host", "http", "nc", "nslookup", "scp", "sftp", "svn", "wget",
    // Languages, their package managers and what is written in them.
    "alembic", "ansible-galaxy", "black", "bun", "bundle", "bundler", "c++", "cargo", "cc", "celery", "clang", "clang++",
    "cmake", "composer", "conda", "coverage", "cython", "deno", "django-admin", "dotnet", "flake8", "flask", "g++", "gcc", "gem",
    "go", "gofmt", "gunicorn", "hatch", "ipython", "java", "javac", "jupyter", "ld", "mamba", "maturin", "meson", "micromamba",
    "mvn", "mypy", "ninja", "node", "npm", "npx", "patchelf", "pdm", "php", "pip", "pip3", "pipenv", "pipx", "playwright",
    "pnpm", "poetry", "pre-commit", "protoc", "pyinstaller", "pytest", "python", "python2", "python3", "ruby", "ruff",
    "rustc", "rustup", "safety", "spacy", "streamlit", "tox", "tsc", "twine", "uv", "uvicorn", "uvx", "virtualenv", "wheel",
    "yarn",
];

/// Words that tell of accounts, wherever they stand.
const TELLING: &[&str] = &[
    "useradd",
    "adduser",
    "usermod",
    "userdel",
    "deluser",
    "groupadd",
    "addgroup",
    "groupmod",
    "groupdel",
    "delgroup",
    "gpasswd",
    "newusers",
    "vipw",
    "vigr",
    "update-passwd",
    "systemd-sysusers",
];

/// Whether a program leaves accounts alone, as far as its words don't tell otherwise.
pub(super) fn is_inert(name: &str) -> bool {
    INERT.contains(&name) || versioned(name)
}

/// `python3.12`, `pip3.12`, `gcc-12`.
fn versioned(name: &str) -> bool {
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-');
    bare.len() < name.len() && matches!(bare, "python" | "pip" | "gcc" | "g++" | "clang" | "idle" | "pydoc")
}

/// Whether a word tells of accounts.
pub(super) fn tells(text: &str) -> bool {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_')).any(|word| TELLING.contains(&word))
}

/// Whether a program only reads the files that it is given.
pub(super) fn only_reads(name: &str, words: &[super::options::Arg]) -> bool {
    let in_place = || words.iter().any(|w| w.text().is_none_or(|t| t.starts_with("-i") || t.starts_with("--in-place")));
    match name {
        "sed" | "awk" | "gawk" | "mawk" => !in_place(),
        _ => matches!(
            name,
            "cat" | "chgrp" | "chmod" | "chown" | "cmp" | "cut" | "diff" | "egrep" | "fgrep" | "grep" | "head" | "less" | "ls"
                | "md5sum" | "sha256sum" | "sort" | "stat" | "tail" | "uniq" | "wc"
        ),
    }
}

/// Whether a program puts files into a folder that it is given.
pub(super) fn fills_folders(name: &str) -> bool {
    matches!(name, "cp" | "mv" | "rsync" | "tar" | "bsdtar" | "unzip" | "cpio" | "install" | "ln")
}
