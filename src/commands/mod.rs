//! The commands: each strings stages together and says what came of it.

mod audit;
mod back;
mod build;
mod cache;
mod check;
mod compare;
mod contract;
mod deploy;
mod diff;
mod doctor;
mod documents;
mod init;
mod manifests;
mod plan;
mod push;
mod rollback;
mod ship;
mod status;
mod verdict;
mod which;

use std::sync::Arc;

use crate::cli::{Cli, Command, ImageArgs, OutArgs, OutputArgs, ProjectArg};
use crate::fault::{Class, Fault};
use crate::report::Report;
use crate::settings::{Given, Machine, Settings};
use crate::stages::Prepared;

/// What every command is given.
struct Context<'c> {
    output: &'c OutputArgs,
    machine: &'c Machine,
    report: &'c Report,
}

impl Context<'_> {
    fn settings(&self, project: &ProjectArg, image: &ImageArgs, out: Option<&OutArgs>) -> Result<Settings, Fault> {
        let given = Given { project: &project.project, image, out, output: self.output };
        if !project.project.is_dir() {
            return Err(crate::source::Error::NoDirectory(project.project.clone()).into());
        }
        Ok(Settings::resolve(given, self.machine)?)
    }

    fn prepare(&self, project: &ProjectArg, image: &ImageArgs, out: Option<&OutArgs>) -> Result<Prepared, Fault> {
        Prepared::new(self.settings(project, image, out)?)
    }
}

/// Runs the command that was typed, until it ends or is interrupted.
pub async fn run(cli: Cli, machine: Machine, report: Arc<Report>) -> Result<(), Fault> {
    // In a task of its own: an interrupt is heard even while the command reads files and awaits nothing. Aborting it
    // drops what it has under way, which cancels that in the engine as well.
    let said = Arc::clone(&report);
    let mut task = tokio::spawn(async move { Box::pin(command(&cli, &machine, &report)).await });
    tokio::select! {
        ended = &mut task => ended.unwrap_or_else(|e| Err(bug(&e))),
        () = interruption() => {
            task.abort();
            // A container that it has made to read an image goes away as the task is dropped.
            crate::engine::temporary::released().await;
            Err(Fault::interrupted(said.standing()))
        }
    }
}

async fn command(cli: &Cli, machine: &Machine, report: &Report) -> Result<(), Fault> {
    let context = Context { output: &cli.output, machine, report };
    match &cli.command {
        Command::Ship(args) => Box::pin(ship::run(&context, args)).await,
        Command::Init(args) => init::run(&context, args),
        Command::Plan(args) => plan::run(&context, args),
        Command::Build(args) => Box::pin(build::run(&context, args)).await,
        Command::Check(args) => Box::pin(check::run(&context, args)).await,
        Command::Compare(args) => Box::pin(compare::run(&context, args)).await,
        Command::Push(args) => Box::pin(push::run(&context, args)).await,
        Command::Manifests(args) => manifests::run(&context, args).await,
        Command::Deploy(args) => Box::pin(deploy::run(&context, args)).await,
        Command::Diff(args) => Box::pin(diff::run(&context, args)).await,
        Command::Status(args) => Box::pin(status::run(&context, args)).await,
        Command::Rollback(args) => Box::pin(rollback::run(&context, args)).await,
        Command::Audit(args) => Box::pin(audit::run(&context, args)).await,
        Command::Contract(args) => contract::run(&context, args).await,
        Command::Cache(args) => cache::run(&context, args),
        Command::Doctor(args) => doctor::run(&context, args).await,
    }
}

/// Ctrl-C, or a polite request to end.
async fn interruption() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let (Ok(mut interrupt), Ok(mut terminate)) =
            (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
        {
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
            return;
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// A value that can't fail to become JSON.
fn bug(error: &dyn std::error::Error) -> Fault {
    Fault::from_error(Class::Bug, error, Some("please report this".to_owned()))
}
