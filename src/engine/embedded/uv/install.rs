//! An installation: distributions, unpacked into a folder as into a virtual environment.

use std::path::Path;

use super::error::Error;
use super::lock::{List, Locked, Wanted, as_pip};
use super::{Step, Uv};
use crate::engine::embedded::site;

impl Uv {
    /// Installs what was locked into `into`, a new folder: `bin`, `lib/python…/site-packages` and whatever else a
    /// distribution brings. Its files may be the same ones as in uv's cache: they are read, and never changed.
    pub async fn install(&self, wanted: Wanted<'_>, locked: &Locked, into: &Path) -> Result<(), Error> {
        std::fs::create_dir_all(into).map_err(Error::file("make", into))?;
        if locked.pylock.is_empty() {
            return Ok(());
        }
        self.installing(wanted, locked, into, None).await?;
        // uv unpacks them side by side, and the last one to write a file that several bring would be chance. Each comes
        // once more in turn, so that the first by name has the last word.
        let shared = site::shared(into).map_err(|error| Error::file("read", into)(std::io::Error::other(error)))?;
        for name in shared.iter().rev() {
            self.installing(wanted, locked, into, Some(name)).await?;
        }
        Ok(())
    }

    async fn installing(
        &self,
        Wanted { root, target, .. }: Wanted<'_>,
        locked: &Locked,
        into: &Path,
        again: Option<&str>,
    ) -> Result<(), Error> {
        let mut command = self.command(Some(root));
        command.args(["pip", "install", "--only-binary", ":all:", "--no-compile-bytecode", "--link-mode", "hardlink"]);
        command.args(["--python-platform", &target.platform.uv_name(), "--python-version", &target.python.to_string()]);
        command.arg("--prefix").arg(into);
        // An exact list is installed as it is, whatever else the user constrains.
        for name in ["UV_CONSTRAINT", "UV_OVERRIDE", "UV_EXCLUDE"] {
            command.env_remove(name);
        }
        if let Some(name) = again {
            command.args(["--reinstall-package", name]);
        }
        match &locked.list {
            List::Nothing => return Ok(()),
            List::Pylock(path) => {
                command.arg("--no-deps").arg("--requirements").arg(path);
            }
            List::Hashed { requirements, prereleases } => {
                command.arg("--require-hashes").arg("--requirements").arg(requirements);
                as_pip(&mut command, &self.indexes);
                if *prereleases {
                    command.args(["--prerelease", "allow"]);
                }
            }
        }
        self.run(command, Step { id: "install", doing: "install the dependencies" }, Some(target)).await.map(drop)
    }
}
