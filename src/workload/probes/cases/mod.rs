//! A case: an image's check, and what it compiles to.
#![allow(clippy::unwrap_used)]

mod clients;
mod contract;
mod faults;
mod listening;
mod outcomes;

use super::*;
use crate::image::config::HealthConfig;
use crate::image::contract::{Healthcheck, Port, Protocol};
use crate::workload::finding::codes;

/// An image of which everything is known, unless a case says otherwise.
struct Image {
    check: HealthConfig,
    ports: Vec<Port>,
    env: Vec<String>,
    base: Base,
    args: Vec<String>,
    shell: Vec<String>,
    entrypoint: Vec<String>,
    cmd: Vec<String>,
    programs: Vec<(String, Presence)>,
    stated: Assertions,
}

/// What came of it.
struct Result_ {
    probes: Option<Probes>,
    findings: Vec<Finding>,
}

fn words(text: &[&str]) -> Vec<String> {
    text.iter().map(|t| (*t).to_owned()).collect()
}

/// `HEALTHCHECK CMD text`
fn shell(text: &str) -> Image {
    image(&["CMD-SHELL", text])
}

/// `HEALTHCHECK CMD ["…"]`
fn exec(argv: &[&str]) -> Image {
    image(&[&["CMD"], argv].concat())
}

fn image(test: &[&str]) -> Image {
    Image {
        check: HealthConfig { test: words(test), ..HealthConfig::default() },
        ports: Vec::new(),
        env: Vec::new(),
        base: Base::Known,
        args: Vec::new(),
        shell: Vec::new(),
        entrypoint: Vec::new(),
        cmd: words(&["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "8000"]),
        programs: [("curl", "/usr/bin/curl"), ("/bin/sh", "/usr/bin/dash")]
            .map(|(name, path)| (name.to_owned(), Presence::At(path.to_owned())))
            .into(),
        stated: Assertions { redirects: Redirects::Never, ..Assertions::default() },
    }
}

impl Image {
    /// Times in milliseconds; 0 is Docker's default.
    fn times(mut self, interval: i64, timeout: i64, start: i64, start_interval: i64, retries: i64) -> Self {
        const MS: i64 = 1_000_000;
        let test = self.check.test;
        self.check = HealthConfig {
            test,
            interval: interval * MS,
            timeout: timeout * MS,
            start_period: start * MS,
            start_interval: start_interval * MS,
            retries,
        };
        self
    }

    fn env(mut self, variable: &str) -> Self {
        self.env.push(variable.to_owned());
        self
    }

    /// Only its Dockerfile is at hand.
    fn dockerfile(mut self) -> Self {
        self.base = Base::Unknown;
        self.programs.clear();
        self
    }

    fn has(mut self, name: &str, path: &str) -> Self {
        self.programs.push((name.to_owned(), Presence::At(path.to_owned())));
        self
    }

    fn lacks(mut self, name: &str) -> Self {
        self.programs.push((name.to_owned(), Presence::Absent));
        self
    }

    fn cmd(mut self, cmd: &[&str]) -> Self {
        self.cmd = words(cmd);
        self
    }

    fn stated(mut self, stated: Assertions) -> Self {
        self.stated = stated;
        self
    }

    fn exposes(mut self, port: u16) -> Self {
        self.ports.push(Port { port, protocol: Protocol::Tcp });
        self
    }

    fn compile(&self) -> Result_ {
        let check = Healthcheck::read(&self.check).unwrap();
        let env = Environment::new(self.env.iter().map(String::as_str), self.base);
        let programs = Programs::new(self.programs.clone());
        let subject = Subject {
            check: check.as_ref(),
            ports: &self.ports,
            working_dir: "/app",
            env: &env,
            args: &self.args,
            shell: &self.shell,
            entrypoint: &self.entrypoint,
            cmd: &self.cmd,
            line: Some(3),
            programs: &programs,
            stated: self.stated,
        };
        let mut findings = Vec::new();
        let probes = compile(&subject, &mut findings);
        Result_ { probes, findings }
    }

    fn codes(&self) -> Vec<&'static str> {
        self.compile().findings.iter().map(|f| f.code).collect()
    }

    /// Its first error's code.
    fn refused(&self) -> Option<&'static str> {
        let result = self.compile();
        let error = result.findings.iter().find(|f| f.severity == Severity::Error).map(|f| f.code);
        assert_eq!(error.is_none(), result.probes.is_some(), "{:?}", result.findings);
        error
    }

    fn handler(&self) -> Handler {
        let result = self.compile();
        result.probes.unwrap_or_else(|| unreachable!("{:?}", result.findings)).readiness.handler
    }

    fn because(&self) -> String {
        let result = self.compile();
        result.probes.unwrap_or_else(|| unreachable!("{:?}", result.findings)).because
    }

    /// Period, timeout and threshold of startup, readiness, liveness.
    fn numbers(&self) -> [(i32, i32, i32); 3] {
        let p = self.compile().probes.unwrap();
        [p.startup, p.readiness, p.liveness].map(|p| (p.period, p.timeout, p.failures))
    }
}

/// What a check without a word about times gets.
const DEFAULT: [(i32, i32, i32); 3] = [(5, 30, 37), (30, 30, 3), (30, 30, 6)];

fn http(port: u16, path: &str, host: &str) -> Handler {
    Handler::HttpGet { port, path: path.to_owned(), headers: vec![("Host".to_owned(), host.to_owned())] }
}
