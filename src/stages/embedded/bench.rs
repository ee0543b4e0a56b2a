//! A bench: everything that laying a project's image together takes.

use std::sync::Arc;

use tokio::sync::OnceCell;

use super::super::build::{daemon, keychain, labels};
use super::super::libraries;
use super::super::prepare::{Blueprint, Prepared, has_password};
use super::super::push;
use super::super::ship::Work;
use super::super::write;
use crate::cache::{self, Cache};
use crate::context::code::{self, Code};
use crate::context::revision::Revision;
use crate::debian::lock::{self, Lock};
use crate::debian::trust::Trust as Keys;
use crate::dockerfile::Platform;
use crate::engine::embedded::sdist::Sandbox;
use crate::engine::embedded::uv;
use crate::engine::embedded::{self, Assembled, Means, Order, Origin, Tally, Trust};
use crate::engine::embedded::{Hold, Reach, Supply, Tools};
use crate::fault::{Class, Fault};
use crate::image::context::ContextRules;
use crate::image::layer::Form;
use crate::image::plan::{ImagePlan, Strategy};
use crate::image::reference::ImageRef;
use crate::image::release::Release;
use crate::image::site::{Libc, Platform as SitePlatform, Target as SiteTarget, missing};
use crate::registry::Registry;
use crate::report::Report;
use crate::settings::Machine;

/// Everything that laying a project's image together takes.
pub(super) struct Bench<'a> {
    pub(super) prepared: &'a Prepared,
    pub(super) machine: &'a Machine,
    pub(super) plan: &'a ImagePlan,
    pub(super) report: &'a Report,
    pub(super) cache: Cache,
    pub(super) rules: ContextRules,
    pub(super) code: Code,
    pub(super) stated: [u8; 32],
    pub(super) platforms: Vec<Platform>,
    pub(super) form: Form,
    pub(super) origin: Option<Origin>,
    pub(super) supply: Supply,
}

impl<'a> Bench<'a> {
    pub(super) async fn new(prepared: &'a Prepared, machine: &'a Machine, report: &'a Report) -> Result<Self, Fault> {
        let Blueprint::Generated { plan, .. } = &prepared.blueprint else {
            return Err(Fault::new(Class::Bug, "the embedded engine was given a Dockerfile", None));
        };
        let root = prepared.settings.layers.cache.clone();
        let root = root.or_else(|| cache::default_root(|name| machine.variable(name)));
        let cache = Cache::open(&root.ok_or(cache::Error::NoPlace)?)?;
        let platforms = match prepared.settings.platforms.as_slice() {
            [] => vec![Platform::here()],
            stated => stated.to_vec(),
        };
        refuse_gaps(prepared, plan, &platforms)?;
        let rules = prepared.rules()?;
        let part = prepared.part();
        let code = tokio::task::block_in_place(|| code::read(&prepared.context, &rules, part, embedded::CODE))?;
        let origin = match plan.strategy.value {
            Strategy::Minimal => None,
            _ => Some(origin(prepared, plan, machine).await?),
        };
        let form = Form { compression: prepared.settings.layers.compression, time: epoch(machine)? };
        let stated = prepared.stated_dependencies()?;
        let supply = supply(prepared)?;
        Ok(Self { prepared, machine, plan, report, cache, rules, code, stated, platforms, form, origin, supply })
    }

    pub(super) async fn assemble(&self, revision: &Revision, trust: Trust) -> Result<(Assembled, Work), Fault> {
        let labels = labels(self.prepared, revision);
        let (environment, files) = (self.machine.passed(Sandbox::is_passed), self.machine.installer_files());
        let reach = || -> Reach<'_> { Box::pin(async { daemon(self.machine).await.map_err(|fault| fault.message) }) };
        let tools = Tools {
            reach: &reach,
            keychain: Arc::new(keychain(self.machine, None)?),
            secrets: &self.prepared.settings.secrets,
            environment: &environment,
            files: &files,
        };
        let order = Order {
            tools: &tools,
            root: &self.prepared.context,
            plan: self.plan,
            code: &self.code,
            rules: &self.rules,
            stated: self.stated,
            platforms: &self.platforms,
            labels: &labels,
            form: self.form,
            supply: &self.supply,
            base: self.origin.as_ref(),
        };
        let (events, tally, uv) = (self.report.events(), Tally::default(), OnceCell::new());
        let means = Means { cache: &self.cache, events: &events, trust, tally: &tally, uv: &uv };
        let assembled = match embedded::assemble(&order, &means).await {
            Err(embedded::Error::Libraries(missing)) => {
                libraries::refuse(&self.prepared.name.value, &missing)?;
                return Err(embedded::Error::Libraries(missing).into());
            }
            assembled => assembled?,
        };
        for package in tally.packages() {
            self.report.note(&format!("{} is added: {}", package.name, package.because));
        }
        if let Some(Err(fault)) = tally.resolved().map(|pylock| self.offer(&pylock)) {
            self.report.warn(&fault.message);
        }
        let (files, bytes) = (self.code.files, self.code.bytes);
        Ok((assembled, Work { ran: tally.made(), cached: tally.found(), files, bytes }))
    }

    /// Offers what was found for a project that has no lock as its lock. What names a login stays where it is.
    fn offer(&self, pylock: &str) -> Result<(), Fault> {
        if pylock.lines().any(has_password) {
            return Ok(());
        }
        let file = write::default_folder(&self.prepared.root)?.join("pylock.toml");
        write::put(&file, &file.display().to_string(), pylock.as_bytes(), None)?;
        let from = ".pydeploy/pylock.toml";
        self.report
            .note(&format!("{from} has what was installed: move it into the project, and commit it, to lock that"));
        Ok(())
    }

    /// The base's registry, if it is the one on this host: one client knows what both are asked for.
    pub(super) fn registry_at(&self, host: &str) -> Option<Arc<Registry>> {
        let origin = self.origin.as_ref().filter(|o| o.image.repository.host() == host)?;
        Some(Arc::clone(&origin.registry))
    }

    /// Requests to the base's registry.
    pub(super) fn requests(&self) -> u64 {
        self.origin.as_ref().map_or(0, |o| o.registry.traffic().requests)
    }

    /// What the cache has to say, and its bound; and what is held from now on.
    pub(super) fn close(&self) -> Result<(), Fault> {
        let (old, new) = (self.prepared.lock()?, self.supply.lock());
        if old != new {
            let file = self.prepared.root.join(lock::FILE);
            write::put(&file, &file.display().to_string(), new.to_string().as_bytes(), None)?;
            self.report.note(&told(&old, &new));
        }
        for notice in self.cache.notices() {
            self.report.note(&notice.to_string());
        }
        if let Err(error) = self.cache.trim(cache::Limit::default()) {
            self.report.warn(&error.to_string());
        }
        Ok(())
    }
}

/// What moved in the lock.
fn told(old: &Lock, new: &Lock) -> String {
    if old.architectures.is_empty() {
        return format!("{} holds the Debian packages from now on: commit it, and move them by --update", lock::FILE);
    }
    let changes = Lock::diff(old, new);
    let shown: Vec<_> = changes.iter().take(8).map(ToString::to_string).collect();
    let more = changes.len().saturating_sub(shown.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{} has moved: {}{more}", lock::FILE, shown.join(", "))
}

/// Refuses what a lock lists no wheel of and no source for one of the platforms, before anything is fetched.
fn refuse_gaps(prepared: &Prepared, plan: &ImagePlan, platforms: &[Platform]) -> Result<(), Fault> {
    let Some(project) = &prepared.project else { return Ok(()) };
    for platform in platforms {
        let machine = platform.architecture.parse().map_err(embedded::Error::Machine)?;
        // The newest there is: what fits nowhere is told now, and what doesn't fit the base when that is known.
        let libc = Release::with(plan.python).map_or(Libc::Glibc(41), |release| Libc::Glibc(release.glibc()));
        let target = SiteTarget { python: plan.python, platform: SitePlatform { machine, libc } };
        let gaps: Vec<_> = missing(&project.dependencies, target).into_iter().filter(|m| !m.source).collect();
        if !gaps.is_empty() {
            return Err(uv::Error::NoWheel { missing: gaps, target }.into());
        }
    }
    Ok(())
}

/// When all files were changed last: what the environment says, so that builds elsewhere can say the same, else a
/// constant. <https://reproducible-builds.org/specs/source-date-epoch/>
fn epoch(machine: &Machine) -> Result<u64, Fault> {
    let Some(text) = machine.variable("SOURCE_DATE_EPOCH") else { return Ok(0) };
    text.parse().map_err(|_| {
        let message = format!("SOURCE_DATE_EPOCH is {text:?}, and no number of seconds since 1970");
        Fault::new(Class::Environment, message, "set it as `date +%s` prints it, or unset it".to_owned())
    })
}

/// Where Debian packages come from, as the settings and the project's lock have it.
fn supply(prepared: &Prepared) -> Result<Supply, Fault> {
    let stated = &prepared.settings.debian;
    let trust = match &stated.keyring {
        None => Keys::debian(),
        Some(path) => {
            let message = format!("could not read the keyring {}", path.display());
            let ring = std::fs::read(path)
                .map_err(|e| Fault { causes: vec![e.to_string()], ..Fault::new(Class::Environment, message, None) })?;
            Keys::keyring(&ring)
        }
    };
    let trust = trust.map_err(|e| Fault::from_error(Class::Environment, &e, None))?;
    let hold = if prepared.settings.layers.update { Hold::Update } else { Hold::Locked };
    let lock = prepared.lock()?;
    Ok(Supply::new(stated.archive.as_ref().map(|d| d.value.clone()), trust, lock, hold))
}

async fn origin(prepared: &Prepared, plan: &ImagePlan, machine: &Machine) -> Result<Origin, Fault> {
    let image: ImageRef = plan.base.value.parse()?;
    let host = image.repository.host();
    // Credentials of the environment are for the target alone, unless that is where the base is, too.
    let same = prepared.stated_target()?.is_some_and(|t| t.repository().host() == host);
    let keychain = keychain(machine, same.then_some(host))?;
    let registry = push::client(&image.repository, &prepared.settings.security, &keychain).await?;
    Ok(Origin { registry, image })
}
