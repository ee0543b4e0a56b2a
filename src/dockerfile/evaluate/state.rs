//! A state: what a stage has come to after some of its instructions.

use std::collections::{BTreeMap, HashMap};

use crate::dockerfile::budget::{Budget, Spent};
use crate::dockerfile::ports::Ports;
use crate::dockerfile::shell::{Lookup, Variables};
use crate::image::config::RunConfig;

use super::image::{Lines, Origin};

/// What BuildKit sets where a base sets no PATH.
const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The value of a variable.
#[derive(Debug, Clone)]
struct Value {
    text: String,
    certain: bool,
}

/// What a stage has come to.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    /// What `$NAME` comes to: ARG and ENV together, the later one wins.
    variables: HashMap<String, Value>,
    /// The image's config, but for its ports.
    pub(super) config: RunConfig,
    /// Where in the config's env a name is, and whether its value is certain.
    env: HashMap<String, (usize, bool)>,
    /// The arguments since the stage began.
    arguments: Vec<String>,
    /// What is exposed, each with where it is said. Ports are counted out once, at the end.
    ports: Vec<(Ports, Origin)>,
    pub(super) lines: Lines,
    /// CMD was given in this very stage.
    pub(super) own_cmd: bool,
    /// What of the base is not known counts as not there.
    pub(super) base: Known,
    /// The working directory depends on nothing unknown.
    pub(super) certain_dir: bool,
}

/// Whether the config of the lowest base is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Known {
    #[default]
    Yes,
    No,
}

impl State {
    /// From nothing.
    pub(super) fn scratch() -> Self {
        let config = RunConfig { working_dir: "/".to_owned(), ..RunConfig::default() };
        Self { config, certain_dir: true, ..Self::default() }
    }

    /// From an image whose config is not known.
    pub(super) fn unknown() -> Self {
        let o = Origin::Unknown;
        let lines = Lines {
            user: o,
            healthcheck: o,
            stop_signal: o,
            cmd: o,
            entrypoint: o,
            working_dir: o,
            shell: o,
            others: o,
            ..Lines::default()
        };
        Self { lines, base: Known::No, ..Self::default() }
    }

    /// From an image whose config is known. Its triggers are not the new image's.
    pub(super) fn known(config: RunConfig) -> Self {
        let config = RunConfig { on_build: Vec::new(), ..config };
        let set = |is: bool| if is { Origin::Base } else { Origin::Nowhere };
        let lines = Lines {
            user: set(!config.user.is_empty()),
            healthcheck: set(config.healthcheck.is_some()),
            stop_signal: set(!config.stop_signal.is_empty()),
            cmd: set(!config.cmd.is_empty()),
            entrypoint: set(!config.entrypoint.is_empty()),
            working_dir: set(!config.working_dir.is_empty()),
            shell: set(!config.shell.is_empty()),
            others: Origin::Base,
            ..Lines::default()
        };
        let mut state = Self { lines, certain_dir: true, ..Self::default() };
        for (index, pair) in config.env.iter().enumerate() {
            let name = pair.split_once('=').map_or(pair.as_str(), |(name, _)| name);
            state.env.entry(name.to_owned()).or_insert((index, true));
            state.arguments.push(name.to_owned());
        }
        state.config = config;
        state
    }

    /// Begins a stage on top of it.
    pub(super) fn begin(&mut self) {
        self.own_cmd = false;
        self.config.on_build = Vec::new();
        if self.base == Known::Yes && !self.env.contains_key("PATH") {
            self.set_env_only("PATH", PATH.to_owned(), true);
            self.arguments.push("PATH".to_owned());
        }
        // The image's variables win over the arguments of the stage below.
        for name in std::mem::take(&mut self.arguments) {
            let found = self.env.get(&name).and_then(|(index, certain)| Some((self.config.env.get(*index)?, *certain)));
            if let Some((pair, certain)) = found {
                let text = pair.split_once('=').map_or("", |(_, text)| text).to_owned();
                self.variables.insert(name, Value { text, certain });
            }
        }
        if !self.config.working_dir.is_empty() {
            self.config.working_dir = joined(&self.config.working_dir, &self.config.working_dir);
        }
    }

    /// A copy for another stage, which costs what it weighs.
    pub(super) fn copy(&self, budget: &Budget) -> Result<Self, Spent> {
        let texts = self.config.env.iter().map(String::len).sum::<usize>();
        let entries = self.variables.len() + self.config.env.len() + self.config.labels.len() + self.ports.len();
        budget.take(texts + 64 * (entries + self.config.volumes.len() + self.config.on_build.len()))?;
        Ok(self.clone())
    }

    /// Sets an argument of the build.
    pub(super) fn set(&mut self, name: &str, text: &str, certain: bool) {
        self.arguments.push(name.to_owned());
        self.variables.insert(name.to_owned(), Value { text: text.to_owned(), certain });
    }

    /// Sets a variable of the image.
    pub(super) fn set_env(&mut self, name: &str, text: &str, certain: bool, origin: Origin) {
        self.variables.insert(name.to_owned(), Value { text: text.to_owned(), certain });
        self.lines.env.insert(name.to_owned(), origin);
        self.set_env_only(name, format!("{name}={text}"), certain);
    }

    fn set_env_only(&mut self, name: &str, pair: String, certain: bool) {
        let next = self.config.env.len();
        match self.env.get_mut(name) {
            Some((index, old)) if *index < next => {
                *old = certain;
                self.config.env[*index] = pair;
            }
            _ => {
                // A name that has a '=' in it is not found again.
                let found_as = name.split('=').next().unwrap_or_default();
                self.env.entry(found_as.to_owned()).or_insert((next, certain));
                self.config.env.push(pair);
            }
        }
    }

    /// Exposes ports.
    pub(super) fn expose(&mut self, ports: Ports, origin: Origin) {
        self.ports.push((ports, origin));
    }

    /// The shell that a command line in words is for.
    pub(super) fn shell(&self) -> Vec<String> {
        if self.config.shell.is_empty() {
            vec!["/bin/sh".to_owned(), "-c".to_owned()]
        } else {
            self.config.shell.clone()
        }
    }

    /// Its config and lines, ports counted out.
    pub(super) fn finish(mut self) -> (RunConfig, Lines) {
        for protocol in ["tcp", "udp", "sctp"] {
            let ports = self.ports.iter().rev().filter(|(ports, _)| ports.protocol == protocol);
            for (port, origin) in counted(ports) {
                let name = format!("{port}/{protocol}");
                self.config.exposed_ports.insert(name.clone(), serde_json::json!({}));
                self.lines.ports.insert(name, origin);
            }
        }
        (self.config, self.lines)
    }
}

/// Single ports, each with the last place that names it. Every port is met once, however often it is named.
fn counted<'a>(latest_first: impl Iterator<Item = &'a (Ports, Origin)>) -> BTreeMap<u16, Origin> {
    // next[p] is the first port from p on that is still free.
    let mut next: Vec<usize> = (0..=usize::from(u16::MAX) + 1).collect();
    let mut found = BTreeMap::new();
    for (ports, origin) in latest_first {
        let mut at = usize::from(ports.first);
        while at <= usize::from(ports.last) {
            let free = first_free(&mut next, at);
            let Ok(port) = u16::try_from(free) else { break };
            if free <= usize::from(ports.last) {
                next[free] = free + 1;
                found.insert(port, *origin);
            }
            at = free + 1;
        }
    }
    found
}

fn first_free(next: &mut [usize], from: usize) -> usize {
    let mut free = from;
    while next[free] != free {
        // Halving the way keeps later ones short.
        next[free] = next[next[free]];
        free = next[free];
    }
    free
}

impl Variables for State {
    fn look_up(&self, name: &str) -> Lookup<'_> {
        match self.variables.get(name) {
            Some(Value { text, certain: true }) => Lookup::Set(text),
            Some(Value { text, certain: false }) => Lookup::Doubtful(text),
            None if self.base == Known::No && is_name(name) => Lookup::Unknown,
            None => Lookup::Unset,
        }
    }
}

/// Whether anything can be called so in an image's environment, sensibly.
fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// A path from a folder: an absolute one is taken as it is, a relative one is joined to it and cleaned.
pub(super) fn joined(folder: &str, path: &str) -> String {
    let folder = match folder {
        "" => "/".to_owned(),
        absolute if absolute.starts_with('/') => absolute.to_owned(),
        relative => clean(&format!("/{relative}")),
    };
    match path {
        "" => folder,
        absolute if absolute.starts_with('/') => absolute.to_owned(),
        relative => clean(&format!("{folder}/{relative}")),
    }
}

/// An absolute path without `.`, `..` and doubled slashes.
fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_joined_as_workdir_does() {
        for (folder, path, all) in [
            ("/", "app", "/app"),
            ("/a/b", "../c/./d//e", "/a/c/d/e"),
            ("/a", "/x/../y", "/x/../y"),
            ("/a", "", "/a"),
            ("", "a", "/a"),
            ("/", "../..", "/"),
            ("rel", "x", "/rel/x"),
        ] {
            assert_eq!(joined(folder, path), all, "{folder} {path}");
        }
    }

    #[test]
    fn ports_are_counted_once() {
        let port = |first, last, line| (Ports { first, last, protocol: "tcp" }, Origin::Line(line));
        let all = [port(80, 80, 3), port(1, 65535, 2), port(70, 90, 1)];
        let found = counted(all.iter());
        assert_eq!(found.len(), 65535);
        assert_eq!((found[&80], found[&79], found[&65535]), (Origin::Line(3), Origin::Line(2), Origin::Line(2)));
        let many = vec![port(0, 65535, 1); 50_000];
        assert_eq!(counted(many.iter()).len(), 65536);
    }
}
