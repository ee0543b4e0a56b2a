//! A trial at work: an image run in the engine under its manifest's conditions, until it is well or can't be.

use std::time::{Duration, Instant};

use super::examine::{Kind, Look, Platform, examine};
use crate::engine::docker::DockerEngine;
use crate::engine::event::End;
use crate::engine::run::{Answer, NotStarted, Run, State};
use crate::engine::{Error as EngineError, Event};
use crate::fault::{Class, Fault};
use crate::image::contract::{Healthcheck, ImageContract};
use crate::inspect::Image;
use crate::report::{Report, duration};
use crate::rollout::{self, Check};
use crate::settings::{Machine, Settings};
use crate::trial::{Conditions, Failure, Question, Root, Way, question, shown};
use crate::workload::probes::{Assertions, Probe, Probes};
use crate::workload::{Compiled, Known};

/// A service is asked this often at first, so that it is known when it was ready, and then this often.
const QUICK: Duration = Duration::from_millis(250);
const SLOW: Duration = Duration::from_secs(1);
/// For so long it is asked quickly.
const EAGER: Duration = Duration::from_secs(10);
/// What has no check must run for so long.
const STEADY: Duration = Duration::from_secs(10);
/// What an interpreter that asks over the network may take to start.
const INTERPRETER: Duration = Duration::from_secs(10);

/// An image in an engine, and how it is to be run there.
pub struct Subject {
    /// What people call it.
    pub name: String,
    /// Its name or id in the engine.
    pub image: String,
    /// What it promises.
    pub contract: ImageContract,
    /// How its health is asked for.
    pub probes: Option<Probes>,
    /// What that asks, for people.
    pub asks: String,
    /// What it is held to.
    pub conditions: Conditions,
    /// The memory that it may have, as its manifest has it.
    pub limit: Option<String>,
    /// What of its manifest can't be had here.
    pub lacking: Vec<String>,
    /// How long it may take to be well; as long as its startup probe allows where nothing is stated.
    pub timeout: Option<Duration>,
}

/// An image that was well.
#[derive(Debug)]
pub struct Passed {
    /// How long after its start.
    pub after: Duration,
    /// How often it was asked until then; 0 where it has no check.
    pub tries: u32,
    /// The memory that it held then, in bytes.
    pub memory: Option<u64>,
}

impl Subject {
    /// An image of an engine on a manifest's terms; what no manifest could be made of is refused.
    pub async fn of_manifest(
        engine: &DockerEngine,
        image: &str,
        name: &str,
        look: Look,
        settings: &Settings,
        machine: &Machine,
    ) -> Result<Self, Fault> {
        let found = Image::from_engine(engine.clone(), image).await?;
        let mut examined = examine(Kind::Engine, &found, look, settings.assertions).await?;
        name.clone_into(&mut examined.name);
        examined.check()?;
        let Platform { contract, known, .. } = examined.shown();
        let terms = settings.deploy.clone().as_run();
        let known = Known { env: terms.plain_env(), ..known.clone() };
        let compiled = Compiled::of(contract, &known);
        let Some(identity) = compiled.identity.filter(|_| compiled.errors().next().is_none()) else {
            return Err(Fault::contract(name, compiled.errors().cloned().collect()));
        };
        let (conditions, lacking) = Conditions::of(identity, &terms, |name| machine.variable(name));
        let limit = terms.resources.limits.get("memory").map(ToString::to_string);
        Ok(Self {
            name: name.to_owned(),
            image: image.to_owned(),
            asks: asks(contract, &known, compiled.probes.as_ref()),
            contract: contract.clone(),
            probes: compiled.probes,
            conditions,
            limit,
            lacking,
            timeout: None,
        })
    }

    /// An image of an engine as `docker run` would have it, with a check that it need not have itself.
    pub async fn of_engine(
        engine: &DockerEngine,
        image: &str,
        name: &str,
        check: Option<Healthcheck>,
    ) -> Result<Self, Fault> {
        let found = Image::from_engine(engine.clone(), image).await?;
        let examined = examine(Kind::Engine, &found, Look::Config, Assertions::default()).await?;
        let Platform { contract, known, .. } = examined.shown();
        let contract = ImageContract { healthcheck: check, ..contract.clone() };
        let compiled = Compiled::of(&contract, known);
        Ok(Self {
            name: name.to_owned(),
            image: image.to_owned(),
            asks: asks(&contract, known, compiled.probes.as_ref()),
            contract,
            probes: compiled.probes,
            conditions: Conditions::none(),
            limit: None,
            lacking: Vec::new(),
            timeout: None,
        })
    }

    /// What it is held to, in a line.
    pub fn held_to(&self) -> String {
        let Conditions { identity, root, .. } = &self.conditions;
        let who = identity.map(|who| format!("user {}:{}", who.uid, who.gid));
        let root = (*root == Root::ReadOnly).then(|| "read-only root, no capabilities".to_owned());
        let memory = self.limit.as_ref().map(|limit| format!("{limit} of memory"));
        let all: Vec<_> = [who, root, memory].into_iter().flatten().collect();
        if all.is_empty() { "no limits".to_owned() } else { all.join(", ") }
    }
}

/// What its probes ask: where a command asks over the network, what that asks.
fn asks(contract: &ImageContract, known: &Known, probes: Option<&Probes>) -> String {
    let handler = Compiled::question(contract, known).or_else(|| probes.map(|p| p.readiness.handler.clone()));
    handler.as_ref().map_or_else(|| "nothing: it has no check".to_owned(), shown)
}

/// Runs it until it is well; the fault says why it can't be.
pub async fn trial(engine: &DockerEngine, subject: &Subject, report: &Report) -> Result<Passed, Fault> {
    let events = report.events();
    let id = subject.image.clone();
    let name = match &subject.probes {
        Some(_) => format!("startup probe of {}: {}", subject.name, subject.asks),
        None => format!("{} stays up for {}", subject.name, duration(STEADY)),
    };
    events(&Event::Started { id: id.clone(), name: name.clone() });
    let started = Instant::now();
    let passed = run(engine, subject).await;
    let end = if matches!(passed, Ok(Ok(_))) { End::Ran(started.elapsed()) } else { End::Failed };
    events(&Event::Finished { id, name, end });
    passed?.map_err(|failure| refused(&subject.name, failure))
}

fn refused(name: &str, failure: Failure) -> Fault {
    let message = format!("{name} would not become ready: {}", failure.headline());
    Fault { output: failure.log, ..Fault::new(Class::Contract, message, failure.mend) }
}

async fn run(engine: &DockerEngine, subject: &Subject) -> Result<Result<Passed, Failure>, Fault> {
    let run = match engine.run(&subject.image, &subject.conditions).await {
        Ok(run) => run,
        Err(NotStarted::Refused(said)) => {
            return Ok(Err(Failure::new(Way::NotStarted(said), "", subject.limit.clone())));
        }
        Err(NotStarted::Fault(fault)) => return Err(fault.into()),
    };
    let ended = match &subject.probes {
        Some(probes) => watch(&run, subject, probes).await?,
        None => stay(&run, subject).await?,
    };
    let ended = match ended {
        Ok(passed) => Ok(Passed { memory: run.memory().await?, ..passed }),
        Err(way) => Err(Failure::new(way, &run.log().await?, subject.limit.clone())),
    };
    run.release().await?;
    Ok(ended)
}

/// Fires the startup probe until it passes, and then the other two.
async fn watch(run: &Run, subject: &Subject, probes: &Probes) -> Result<Result<Passed, Way>, Fault> {
    let started = Instant::now();
    let address = run.address().await?;
    let Probe { period, failures, .. } = probes.startup;
    let allowed = || Duration::from_secs(u64::from(period.unsigned_abs()) * u64::from(failures.unsigned_abs()));
    let budget = subject.timeout.unwrap_or_else(allowed);
    let asked = question(&probes.startup, &subject.contract, &address);
    let mut tries = 0;
    loop {
        if let Some(way) = ended(run).await? {
            return Ok(Err(way));
        }
        tries += 1;
        let output = match ask(run, &asked, &probes.startup).await? {
            Ok(()) => break,
            // It may have ended meanwhile, and that says more.
            Err(output) => output,
        };
        let lasting = rollout::absent(&output).is_some();
        if lasting || started.elapsed() > budget {
            let way = ended(run).await?.unwrap_or(Way::Unwell(Check::Startup, output));
            return Ok(Err(way));
        }
        tokio::time::sleep(if started.elapsed() < EAGER { QUICK } else { SLOW }).await;
    }
    let after = started.elapsed();
    for (check, probe) in [(Check::Readiness, &probes.readiness), (Check::Liveness, &probes.liveness)] {
        let asked = question(probe, &subject.contract, &address);
        let mut last = ask(run, &asked, probe).await?;
        for _ in 1..probe.failures {
            if last.is_ok() {
                break;
            }
            tokio::time::sleep(SLOW).await;
            last = ask(run, &asked, probe).await?;
        }
        if let Err(output) = last {
            return Ok(Err(ended(run).await?.unwrap_or(Way::Unwell(check, output))));
        }
    }
    if let Some(way) = ended(run).await? {
        return Ok(Err(way));
    }
    Ok(Ok(Passed { after, tries, memory: None }))
}

/// Waits for what has no check: it must stay up.
async fn stay(run: &Run, subject: &Subject) -> Result<Result<Passed, Way>, Fault> {
    let started = Instant::now();
    let long = subject.timeout.map_or(STEADY, |t| t.min(STEADY));
    while started.elapsed() < long {
        if let Some(way) = ended(run).await? {
            return Ok(Err(way));
        }
        tokio::time::sleep(QUICK).await;
    }
    Ok(Ok(Passed { after: started.elapsed(), tries: 0, memory: None }))
}

async fn ended(run: &Run) -> Result<Option<Way>, EngineError> {
    Ok(match run.state().await? {
        State::Running => None,
        State::Ended { exit, for_memory } => Some(Way::Ended { exit, for_memory }),
    })
}

/// Asks once; what it says where it is not well.
async fn ask(run: &Run, asked: &Question, probe: &Probe) -> Result<Result<(), String>, Fault> {
    let timeout = Duration::from_secs(u64::from(probe.timeout.unsigned_abs()));
    let [others @ .., last] = asked.commands.as_slice() else { return Ok(Err("there is nothing to ask".to_owned())) };
    let within = if others.is_empty() { timeout } else { timeout + INTERPRETER };
    for command in others {
        let answer = run.ask(command, within).await?;
        if rollout::absent(&answer.output).is_none() {
            return Ok(read(&answer, timeout));
        }
    }
    let answer = run.ask(last, within).await?;
    if !others.is_empty() && rollout::absent(&answer.output).is_some() {
        let message = "nothing in the image can send what the probe asks: it has no Python on its PATH";
        return Err(Fault::new(
            Class::Environment,
            message,
            "let the probe run a command: probe = \"exec\"".to_owned(),
        ));
    }
    Ok(read(&answer, timeout))
}

fn read(answer: &Answer, timeout: Duration) -> Result<(), String> {
    let output = answer.output.trim().to_owned();
    match answer.exit {
        Some(0) => Ok(()),
        Some(code) if output.is_empty() => Err(format!("it ended with exit code {code}, and without a word")),
        Some(_) => Err(output),
        None => Err(format!("no answer in time ({})", duration(timeout))),
    }
}
