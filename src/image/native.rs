//! Native parts: the compilers and libraries that a dependency needs beyond Python.

use crate::project::Dependency;

/// What a dependency needs of the operating system, by distribution.
struct Native {
    /// Normalised name.
    name: &'static str,
    /// An extra of the dependency that makes this row hold; empty: always.
    extra: &'static str,
    /// There are no wheels of it for Linux: it is always compiled.
    source_only: bool,
    debian: Needs,
    alpine: Needs,
}

struct Needs {
    build: &'static [&'static str],
    run: &'static [&'static str],
}

/// Dependencies that are known to be compiled, or to open a library of the system while they run. The run-time
/// packages are those whose -dev package the builder gets: what was linked there must be found here.
const NATIVE: &[Native] = &[
    Native {
        name: "psycopg2",
        extra: "",
        source_only: true,
        debian: Needs { build: &["libpq-dev"], run: &["libpq5"] },
        alpine: Needs { build: &["libpq-dev"], run: &["libpq"] },
    },
    Native {
        name: "psycopg-c",
        extra: "",
        source_only: true,
        debian: Needs { build: &["libpq-dev"], run: &["libpq5"] },
        alpine: Needs { build: &["libpq-dev"], run: &["libpq"] },
    },
    Native {
        name: "psycopg",
        extra: "c",
        source_only: true,
        debian: Needs { build: &["libpq-dev"], run: &["libpq5"] },
        alpine: Needs { build: &["libpq-dev"], run: &["libpq"] },
    },
    Native {
        name: "mysqlclient",
        extra: "",
        source_only: true,
        debian: Needs { build: &["default-libmysqlclient-dev", "pkg-config"], run: &["libmariadb3"] },
        alpine: Needs { build: &["mariadb-dev", "pkgconf"], run: &["mariadb-connector-c"] },
    },
    Native {
        name: "pylibmc",
        extra: "",
        source_only: true,
        debian: Needs { build: &["libmemcached-dev", "zlib1g-dev"], run: &["libmemcached11"] },
        alpine: Needs { build: &["libmemcached-dev", "zlib-dev"], run: &["libmemcached-libs"] },
    },
    Native {
        name: "pycurl",
        extra: "",
        source_only: false,
        debian: Needs { build: &["libcurl4-openssl-dev", "libssl-dev"], run: &["libcurl4"] },
        alpine: Needs { build: &["curl-dev"], run: &["libcurl"] },
    },
    Native {
        name: "lxml",
        extra: "",
        source_only: false,
        debian: Needs { build: &["libxml2-dev", "libxslt1-dev"], run: &["libxml2", "libxslt1.1"] },
        alpine: Needs { build: &["libxml2-dev", "libxslt-dev"], run: &["libxml2", "libxslt"] },
    },
    Native {
        name: "uwsgi",
        extra: "",
        source_only: true,
        debian: Needs { build: &[], run: &[] },
        alpine: Needs { build: &["linux-headers"], run: &[] },
    },
    Native {
        name: "python-magic",
        extra: "",
        source_only: false,
        debian: Needs { build: &[], run: &["libmagic1"] },
        alpine: Needs { build: &[], run: &["libmagic"] },
    },
    Native {
        name: "weasyprint",
        extra: "",
        source_only: false,
        debian: Needs { build: &[], run: &["libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0"] },
        alpine: Needs { build: &[], run: &["pango"] },
    },
    Native {
        name: "opencv-python",
        extra: "",
        source_only: false,
        debian: Needs { build: &[], run: &["libgl1", "libglib2.0-0"] },
        alpine: Needs { build: &[], run: &["mesa-gl", "glib"] },
    },
    Native {
        name: "opencv-contrib-python",
        extra: "",
        source_only: false,
        debian: Needs { build: &[], run: &["libgl1", "libglib2.0-0"] },
        alpine: Needs { build: &[], run: &["mesa-gl", "glib"] },
    },
    Native {
        name: "pytesseract",
        extra: "",
        source_only: false,
        debian: Needs { build: &[], run: &["tesseract-ocr"] },
        alpine: Needs { build: &[], run: &["tesseract-ocr", "tesseract-ocr-data-eng"] },
    },
    Native {
        name: "pdf2image",
        extra: "",
        source_only: false,
        debian: Needs { build: &[], run: &["poppler-utils"] },
        alpine: Needs { build: &[], run: &["poppler-utils"] },
    },
    Native {
        name: "pyzbar",
        extra: "",
        source_only: false,
        debian: Needs { build: &[], run: &["libzbar0"] },
        alpine: Needs { build: &[], run: &["zbar"] },
    },
    Native {
        name: "cairosvg",
        extra: "",
        source_only: false,
        debian: Needs { build: &[], run: &["libcairo2"] },
        alpine: Needs { build: &[], run: &["cairo"] },
    },
    Native {
        name: "pyodbc",
        extra: "",
        source_only: false,
        debian: Needs { build: &[], run: &["libodbc2"] },
        alpine: Needs { build: &[], run: &["unixodbc"] },
    },
];

/// The operating system of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// apt, glibc.
    Debian,
    /// apk, musl.
    Alpine,
}

impl Family {
    /// What any C extension is compiled with.
    pub fn compilers(self) -> &'static [&'static str] {
        match self {
            Self::Debian => &["g++", "gcc", "libc6-dev"],
            Self::Alpine => &["g++", "gcc", "musl-dev"],
        }
    }

    /// The part of a wheel's file name that says it was made for this family's C library.
    fn wheel_tag(self) -> &'static str {
        match self {
            Self::Debian => "manylinux",
            Self::Alpine => "musllinux",
        }
    }
}

/// How a dependency gets into the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The lock lists a wheel that fits.
    Wheel,
    /// It is compiled: there is no wheel that fits.
    Source,
    /// The lock does not say.
    Unknown,
}

/// Whether `dependency` must be compiled for this family.
pub fn origin(dependency: &Dependency, family: Family) -> Origin {
    match &dependency.wheels {
        Some(wheels) => {
            let fits = |file: &String| file.ends_with("-any.whl") || file.contains(family.wheel_tag());
            if wheels.iter().any(fits) { Origin::Wheel } else { Origin::Source }
        }
        None if rows(dependency).any(|n| n.source_only) => Origin::Source,
        None => Origin::Unknown,
    }
}

fn rows(dependency: &Dependency) -> impl Iterator<Item = &'static Native> {
    let holds = |native: &&Native| {
        native.name == dependency.name
            && (native.extra.is_empty() || dependency.extras.iter().any(|e| e == native.extra))
    };
    NATIVE.iter().filter(holds)
}

/// The packages that compiling `dependency` takes, beside the compilers.
pub fn build_packages(dependency: &Dependency, family: Family) -> Vec<&'static str> {
    needs(dependency, family).flat_map(|n| n.build.iter().copied()).collect()
}

/// The packages that `dependency` needs while it runs, where it came as `origin`.
pub fn run_packages(dependency: &Dependency, family: Family, origin: Origin) -> Vec<&'static str> {
    // A wheel brings the libraries that it was linked with; what is opened by name at run time it does not.
    let linked = |n: &&Needs| origin != Origin::Wheel || n.build.is_empty();
    needs(dependency, family).filter(linked).flat_map(|n| n.run.iter().copied()).collect()
}

fn needs(dependency: &Dependency, family: Family) -> impl Iterator<Item = &'static Needs> {
    rows(dependency).map(move |n| match family {
        Family::Debian => &n.debian,
        Family::Alpine => &n.alpine,
    })
}
