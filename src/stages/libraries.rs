//! The libraries of an image: whether it has those that its Python packages need.

use crate::fault::{Class, Fault};
use crate::image::closure::{Kind, Missing, Places, Subject, missing};
use crate::inspect::{Image, PlatformImage};
use crate::workload::finding::{Finding, LIBRARY_MISSING};

/// What an image's platform lacks; what may be well without it is told as well.
pub async fn find(image: &Image, platform: &PlatformImage, places: Places) -> Result<Vec<Missing>, Fault> {
    let inventory = image.inventory(platform).await?;
    let config = &platform.config;
    let architecture = config.architecture.clone();
    let library_path = config.config.variable("LD_LIBRARY_PATH").unwrap_or_default().to_owned();
    let judge = move || {
        let (architecture, library_path) = (&architecture, &library_path);
        missing(&Subject { inventory: &inventory, architecture, library_path, places, base: 0 })
    };
    tokio::task::spawn_blocking(judge).await.map_err(|crash| Fault::from_error(Class::Bug, &crash, None))
}

/// Refuses an image whose packages can't be loaded; `shown` is what people call it.
pub async fn check(image: &Image, shown: &str, places: Places) -> Result<(), Fault> {
    for platform in &image.platforms {
        let missing = find(image, platform, places).await?;
        refuse(shown, &missing)?;
    }
    Ok(())
}

/// Refuses what fails for want of a library.
pub fn refuse(shown: &str, missing: &[Missing]) -> Result<(), Fault> {
    let failing: Vec<_> = missing.iter().filter(|m| m.fails()).collect();
    let findings: Vec<_> = failing.iter().map(|m| Finding::of(&LIBRARY_MISSING, m.to_string()).hint(hint(m))).collect();
    let Some(first) = findings.first() else { return Ok(()) };
    let message = format!("{shown} lacks a library: {}", first.message);
    Err(Fault { findings: findings.clone(), ..Fault::new(Class::Contract, message, first.hint.clone()) })
}

/// What would mend it, where nobody has looked for the package that has it.
fn hint(missing: &Missing) -> String {
    match &missing.kind {
        Kind::Library => format!(
            "the package that has {} goes into system-packages, or is installed in the Dockerfile's last stage; `apt-file \
             search {0}` names it",
            missing.library
        ),
        Kind::Version(_) => {
            "build it on the release that it runs on, or choose a newer base, or a wheel for an older one".to_owned()
        }
        Kind::Machine { .. } => "install the packages for the platform that the image is for".to_owned(),
    }
}
