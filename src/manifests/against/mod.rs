//! A comparison: manifests of any origin, held against what the image that they run promises.

mod identity;
mod ports;
mod probes;
mod read;

use k8s_openapi::api::core::v1::Container;

use super::pod::literal;
use crate::image::contract::{Healthcheck, Port};
use crate::workload::finding::{self, Finding};
use crate::workload::{Handler, Probes};
pub use read::{Error, Found, LONGEST, Pods, read};

/// What the image promises, as far as a manifest can contradict it.
#[derive(Debug, Clone)]
pub struct Promise {
    /// The repository's path and the digest or tag, where the image has a name.
    pub image: Option<Named>,
    /// Who it runs as.
    pub user: Runs,
    /// How it says that it is well.
    pub healthcheck: Option<Healthcheck>,
    /// What that compiles to.
    pub probes: Option<Probes>,
    /// The same question as sent over the network, where the check is a request that can be read.
    pub question: Option<Handler>,
    /// Where it listens.
    pub ports: Vec<Port>,
    /// The signal that asks it to stop.
    pub stop_signal: String,
    /// What it is started for beside its own command.
    pub processes: Vec<Promised>,
}

/// What an image promises of one of its processes.
#[derive(Debug, Clone)]
pub struct Promised {
    /// What it is started with.
    pub args: Vec<String>,
    /// How it says that it is well.
    pub healthcheck: Option<Healthcheck>,
    /// What that compiles to.
    pub probes: Option<Probes>,
}

impl Promise {
    /// The process that a container starts, where it starts one.
    fn process(&self, container: &Container) -> Option<&Promised> {
        let args = container.args.as_ref().filter(|_| container.command.as_ref().is_none_or(Vec::is_empty))?;
        let is_same = |process: &&Promised| {
            let mut pairs = process.args.iter().zip(args);
            process.args.len() == args.len() && pairs.all(|(own, word)| literal(own) == *word || own == word)
        };
        self.processes.iter().find(is_same)
    }

    /// The same, of that process: it listens on nothing.
    fn of(&self, process: &Promised) -> Self {
        let Promised { healthcheck, probes, .. } = process.clone();
        Self { healthcheck, probes, question: None, ports: Vec::new(), processes: Vec::new(), ..self.clone() }
    }
}

/// An image's name.
#[derive(Debug, Clone)]
pub struct Named {
    /// The path of the repository below its host: mirrors differ in the host alone.
    pub path: String,
    /// What it was asked for by: a tag or a digest.
    pub selector: String,
    /// The digest that it has.
    pub digest: String,
}

/// Who an image runs as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Runs {
    /// By number, stated so in the image.
    Numbers {
        /// User id.
        uid: u32,
        /// Group id, where it is known: an image that states none has the one of its /etc/passwd.
        gid: Option<u32>,
    },
    /// By a name that stands for these numbers, which a kubelet can't verify.
    Name {
        /// The name.
        name: String,
        /// User and group id, where they are known.
        numbers: Option<(u32, u32)>,
    },
    /// As root.
    Root,
}

impl Runs {
    /// The user id; root's is 0.
    fn uid(&self) -> Option<u32> {
        match self {
            Self::Numbers { uid, .. } => Some(*uid),
            Self::Name { numbers, .. } => numbers.map(|(uid, _)| uid),
            Self::Root => Some(0),
        }
    }

    /// User and group id, where both are known; root's are 0.
    fn numbers(&self) -> Option<(u32, u32)> {
        match self {
            Self::Numbers { uid, gid } => gid.map(|gid| (*uid, gid)),
            Self::Name { numbers, .. } => *numbers,
            Self::Root => Some((0, 0)),
        }
    }
}

/// One container, with where it stands.
struct Subject<'a> {
    /// `Deployment/api`.
    document: &'a str,
    /// The field of its Pod's spec, such as `spec.template.spec`.
    pod_field: &'a str,
    /// Its own field, such as `spec.template.spec.containers[0]`.
    field: String,
    pod: &'a k8s_openapi::api::core::v1::PodSpec,
    container: &'a Container,
}

impl Subject<'_> {
    /// Names a field below the container.
    fn at(&self, field: &str) -> String {
        format!("{} {}.{field}", self.document, self.field)
    }

    /// Names a field below the Pod's spec.
    fn at_pod(&self, field: &str) -> String {
        format!("{} {}.{field}", self.document, self.pod_field)
    }
}

/// Where the manifests contradict the promise, in the order of the manifests.
///
/// Which container is meant: the one that was named; else those that run the image's repository; else the only one.
pub fn compare(found: &Found, promise: &Promise, container: Option<&str>) -> Result<Vec<Finding>, Error> {
    let all: Vec<_> = found.pods.iter().flat_map(read::Pods::subjects).collect();
    if all.is_empty() {
        return Err(Error::NoWorkload { kinds: found.kinds.clone() });
    }
    let mine = chosen(&all, promise, container)?;
    let mut findings = Vec::new();
    for subject in &mine {
        one(subject, promise, &mut findings);
    }
    for pods in found.pods.iter().filter(|p| mine.iter().any(|s| s.document == p.document)) {
        ports::services(pods, &found.services, promise, &mut findings);
    }
    Ok(findings)
}

fn one(subject: &Subject<'_>, promise: &Promise, findings: &mut Vec<Finding>) {
    let process = promise.process(subject.container);
    let of_process = process.map(|process| promise.of(process));
    let promise = of_process.as_ref().unwrap_or(promise);
    image(subject, promise, findings);
    identity::compare(subject, promise, findings);
    probes::compare(subject, promise, findings);
    ports::compare(subject, promise, findings);
    if process.is_none() {
        start(subject, findings);
    }
    stop(subject, promise, findings);
}

impl Pods {
    /// Where one container, of what only this promise's image runs in, contradicts it. `container` is its place in the
    /// spec, from 0.
    pub fn compare(&self, container: usize, promise: &Promise) -> Vec<Finding> {
        let mut findings = Vec::new();
        if let Some(subject) = self.subjects().nth(container) {
            one(&subject, promise, &mut findings);
        }
        findings
    }
}

fn chosen<'s, 'a>(
    all: &'s [Subject<'a>],
    promise: &Promise,
    container: Option<&str>,
) -> Result<Vec<&'s Subject<'a>>, Error> {
    let names = || all.iter().map(|s| format!("{} ({})", s.container.name, s.document)).collect();
    if let Some(name) = container {
        let by_name: Vec<_> = all.iter().filter(|s| s.container.name == name).collect();
        return if by_name.is_empty() {
            Err(Error::NoContainer { name: name.to_owned(), known: names() })
        } else {
            Ok(by_name)
        };
    }
    let runs_it = |s: &&Subject<'_>| {
        promise.image.as_ref().is_some_and(|image| path_of(s.container.image.as_deref()) == image.path)
    };
    let by_image: Vec<_> = all.iter().filter(runs_it).collect();
    match (by_image.is_empty(), all) {
        (false, _) => Ok(by_image),
        (true, [only]) => Ok(vec![only]),
        _ => Err(Error::Ambiguous { known: names() }),
    }
}

/// The path of an image's repository, without host, tag and digest.
fn path_of(image: Option<&str>) -> String {
    let image: Option<crate::image::reference::ImageRef> = image.and_then(|text| text.parse().ok());
    image.map(|i| i.repository.path().to_owned()).unwrap_or_default()
}

fn image(subject: &Subject<'_>, promise: &Promise, findings: &mut Vec<Finding>) {
    let (Some(named), Some(text)) = (&promise.image, subject.container.image.as_deref()) else { return };
    let same = text.ends_with(&format!("@{}", named.digest))
        || (!text.contains('@') && text.ends_with(&format!(":{}", named.selector)))
        || (named.selector == "latest" && !text.contains('@') && !text.rsplit('/').next().unwrap_or("").contains(':'));
    if !same {
        let message = format!("the manifest runs {text}, which is not the image compared ({})", named.digest);
        findings.push(Finding::of(&finding::OTHER_IMAGE, message).in_field(subject.at("image")));
    }
}

fn start(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for (field, words) in [("command", &subject.container.command), ("args", &subject.container.args)] {
        if let Some(words) = words.as_ref().filter(|w| !w.is_empty()) {
            let what = if field == "command" { "ENTRYPOINT and CMD" } else { "CMD" };
            let message = format!("the manifest's {field} `{}` replaces the image's {what}", words.join(" "));
            findings.push(Finding::of(&finding::OTHER_COMMAND, message).in_field(subject.at(field)));
        }
    }
}

fn stop(subject: &Subject<'_>, promise: &Promise, findings: &mut Vec<Finding>) {
    let stated = subject.container.lifecycle.as_ref().and_then(|l| l.stop_signal.as_deref());
    if let Some(signal) = stated.filter(|s| bare(s) != bare(&promise.stop_signal)) {
        let message = format!("the manifest stops it with {signal}, the image asks for {}", promise.stop_signal);
        findings.push(Finding::of(&finding::OTHER_SIGNAL, message).in_field(subject.at("lifecycle.stopSignal")));
    }
}

/// `SIGTERM` and `TERM` are one.
fn bare(signal: &str) -> String {
    let upper = signal.to_ascii_uppercase();
    upper.strip_prefix("SIG").map(str::to_owned).unwrap_or(upper)
}

#[cfg(test)]
mod tests;
