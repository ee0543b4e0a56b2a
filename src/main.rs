//! The `pydeploy` program: parse, run, report.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use pydeploy::cli::Cli;
use pydeploy::fault::{Class, Fault};
use pydeploy::report::Report;
use pydeploy::settings::Machine;

fn main() -> ExitCode {
    let machine = Machine::read();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return pydeploy::report::usage(&error),
    };
    let report = Arc::new(Report::new(&cli.output, machine.is_ci()));
    // With one TLS provider named, no library has to choose between two.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let result = match runtime {
        Ok(runtime) => {
            let result = runtime.block_on(pydeploy::commands::run(cli, machine, Arc::clone(&report)));
            // A read that blocks must not keep an interrupted command alive.
            runtime.shutdown_background();
            result
        }
        Err(error) => Err(Fault::from_error(Class::Environment, &error, None)),
    };
    match result {
        Ok(()) if report.is_said() => ExitCode::SUCCESS,
        Ok(()) => ExitCode::from(Class::Environment.code()),
        Err(fault) => {
            report.fault(&fault);
            ExitCode::from(fault.class.code())
        }
    }
}
