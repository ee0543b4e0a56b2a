//! The questions that `init` asks at a terminal, each for what no flag has stated.

use crate::fault::Fault;
use crate::init::ci::System;

use super::look::Found;
use super::{Dockerfile, Wishes};

/// Puts a question, with what an empty answer means, and gives the answer.
type Ask<'a> = dyn FnMut(&str, &str) -> Result<String, Fault> + 'a;

/// Asks, and adds the answers to what is wished. An answer that is none is told why, and asked for again.
pub(super) fn ask(ask: &mut Ask<'_>, warn: &dyn Fn(&str), found: &Found, wishes: &mut Wishes) -> Result<(), Fault> {
    if wishes.image.is_none() && found.settings.registry.is_none() {
        wishes.image = image(ask, warn, found)?;
    }
    if let Some(error) = &found.undecided {
        warn(&error.to_string());
        if let Some(example) = error.command() {
            wishes.command = Some(command(ask, warn, example)?);
        }
    }
    if wishes.systems.is_empty() {
        wishes.systems = systems(ask, warn, found.repository.system())?;
    }
    // One that can't be generated yet is nothing to offer.
    if wishes.dockerfile == Dockerfile::Generated && !found.has_dockerfile && found.project.is_some() {
        wishes.dockerfile = dockerfile(ask, warn)?;
    }
    Ok(())
}

fn image(ask: &mut Ask<'_>, warn: &dyn Fn(&str), found: &Found) -> Result<Option<String>, Fault> {
    let question = format!("Image, such as registry.example/team/{} (empty: stated later)", found.name);
    loop {
        let answer = ask(&question, "")?;
        if answer.is_empty() {
            return Ok(None);
        }
        match found.target(&answer) {
            Ok(_) => return Ok(Some(answer)),
            Err(fault) => warn(&fault.message),
        }
    }
}

fn command(ask: &mut Ask<'_>, warn: &dyn Fn(&str), example: &[String]) -> Result<Vec<String>, Fault> {
    let example = shlex::try_join(example.iter().map(String::as_str)).unwrap_or_default();
    loop {
        match shlex::split(&ask("Command that starts it", &example)?) {
            Some(words) if !words.is_empty() => return Ok(words),
            _ => warn("a command is words, quoted as a shell reads them"),
        }
    }
}

fn systems(ask: &mut Ask<'_>, warn: &dyn Fn(&str), evident: Option<System>) -> Result<Vec<System>, Fault> {
    let default = evident.map_or("none", System::word);
    loop {
        let answer = ask("CI stage: github, gitlab, tekton or none", default)?;
        let words = answer.split([',', ' ']).filter(|word| !word.is_empty());
        let words: Vec<_> = words.map(str::to_ascii_lowercase).collect();
        if words == ["none"] {
            return Ok(Vec::new());
        }
        let systems: Option<Vec<_>> = words.iter().map(|word| System::of(word)).collect();
        match systems {
            Some(mut systems) if !systems.is_empty() => {
                systems.sort_unstable();
                systems.dedup();
                return Ok(systems);
            }
            _ => warn(&format!("there is no stage for {answer:?}")),
        }
    }
}

fn dockerfile(ask: &mut Ask<'_>, warn: &dyn Fn(&str)) -> Result<Dockerfile, Fault> {
    loop {
        match ask("Keep the generated Dockerfile in the project, to change it: y or n", "n")?.to_lowercase().as_str() {
            "y" | "yes" => return Ok(Dockerfile::Written),
            "n" | "no" => return Ok(Dockerfile::Generated),
            _ => warn("y or n"),
        }
    }
}
