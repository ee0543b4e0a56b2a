//! A credential helper: a program that Docker's configuration names, and that knows logins.
//!
//! <https://github.com/docker/docker-credential-helpers#development>

use std::ffi::OsStr;
use std::io;
use std::process::{Output, Stdio};
use std::time::Duration;

use serde::Deserialize;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::credentials::Credentials;
use super::docker_config::from_pair;
use super::keychain_error::KeychainError;
use super::plain::plain;
use super::secret::Secret;

/// How long a helper may think. Some ask a cloud over the network.
const PATIENCE: Duration = Duration::from_secs(10);
/// What helpers say when they know no login. Their exit code says no more than that something failed.
const UNKNOWN: [&str; 2] = ["credentials not found", "could not be found in the keychain"];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Login {
    username: String,
    secret: Secret,
}

/// One helper.
pub(super) struct Helper<'a> {
    name: &'a str,
    patience: Duration,
}

impl<'a> Helper<'a> {
    /// The helper that the configuration calls `name`.
    pub(super) fn new(name: &'a str) -> Self {
        Self { name, patience: PATIENCE }
    }

    /// Asks the program on PATH for the login of `key`.
    pub(super) async fn get(&self, key: &str) -> Result<Credentials, KeychainError> {
        // A path in the configuration would start something else than a helper.
        if self.name.contains(['/', '\\']) {
            return Err(KeychainError::HelperMissing { name: self.name.to_owned() });
        }
        self.ask(OsStr::new(&format!("docker-credential-{}", self.name)), key).await
    }

    async fn ask(&self, program: &OsStr, key: &str) -> Result<Credentials, KeychainError> {
        match tokio::time::timeout(self.patience, converse(program, key)).await {
            Ok(Ok(output)) => self.read(&output, key),
            Ok(Err(fault)) if fault.kind() == io::ErrorKind::NotFound => {
                Err(KeychainError::HelperMissing { name: self.name.to_owned() })
            }
            Ok(Err(source)) => Err(KeychainError::HelperBroken { name: self.name.to_owned(), source }),
            Err(_) => Err(KeychainError::HelperSlow {
                name: self.name.to_owned(),
                host: key.to_owned(),
                seconds: self.patience.as_secs(),
            }),
        }
    }

    fn read(&self, output: &Output, key: &str) -> Result<Credentials, KeychainError> {
        if output.status.success() {
            return match serde_json::from_slice::<Login>(&output.stdout) {
                Ok(login) => Ok(from_pair(&login.username, login.secret)),
                Err(_) => Err(self.failed(key, "its answer is not a login".to_owned())),
            };
        }
        // The protocol has errors on standard output; some helpers know better.
        let said = if output.stdout.trim_ascii().is_empty() { &output.stderr } else { &output.stdout };
        let said = String::from_utf8_lossy(said);
        if UNKNOWN.iter().any(|words| said.to_lowercase().contains(words)) {
            return Ok(Credentials::Anonymous);
        }
        // Whoever fails and prints a structure all the same may have printed a login.
        let message =
            if said.contains('{') || said.trim().is_empty() { output.status.to_string() } else { plain(&said) };
        Err(self.failed(key, message))
    }

    fn failed(&self, key: &str, message: String) -> KeychainError {
        KeychainError::HelperFailed { name: self.name.to_owned(), host: key.to_owned(), message }
    }
}

async fn converse(program: &OsStr, key: &str) -> io::Result<Output> {
    let mut child = Command::new(program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A helper that answers without reading closes the pipe, which is no fault.
        match stdin.write_all(key.as_bytes()).await {
            Err(fault) if fault.kind() != io::ErrorKind::BrokenPipe => return Err(fault),
            _ => {}
        }
    }
    child.wait_with_output().await
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// Written by another process: a file that this one holds open for writing, a sibling test could not execute.
    fn script(dir: &tempfile::TempDir, body: &str) -> PathBuf {
        let path = dir.path().join("docker-credential-test");
        let write = r#"printf '#!/bin/sh\n%s\n' "$1" > "$2" && chmod +x "$2""#;
        let done = std::process::Command::new("sh").args(["-c", write, "sh", body]).arg(&path).status();
        assert!(done.unwrap().success());
        path
    }

    async fn answer(body: &str) -> Result<Credentials, KeychainError> {
        let dir = tempfile::tempdir().unwrap();
        let helper = Helper { name: "test", patience: Duration::from_secs(5) };
        helper.ask(script(&dir, body).as_os_str(), "a.example").await
    }

    #[tokio::test]
    async fn the_host_goes_in_and_a_login_comes_out() {
        let body = r#"test "$1" = get || exit 9; read -r host
                      echo "{\"ServerURL\":\"$host\",\"Username\":\"$host\",\"Secret\":\"p\"}""#;
        let login = answer(body).await.unwrap();
        assert_eq!(login, Credentials::Basic { user: "a.example".into(), secret: Secret::new("p") });
    }

    #[tokio::test]
    async fn a_token_is_told_from_a_password() {
        let login = answer(r#"echo '{"ServerURL":"x","Username":"<token>","Secret":"t"}'"#).await.unwrap();
        assert_eq!(login, Credentials::IdentityToken { token: Secret::new("t") });
    }

    #[tokio::test]
    async fn who_knows_no_login_is_no_failure() {
        let login = answer("echo 'credentials not found in native keychain'; exit 1").await.unwrap();
        assert_eq!(login, Credentials::Anonymous);
    }

    #[tokio::test]
    async fn a_failure_is_told_in_the_helpers_words() {
        let fault = answer("echo 'the vault is locked'; exit 1").await.unwrap_err();
        assert!(fault.to_string().contains("docker-credential-test") && fault.to_string().contains("vault is locked"));
    }

    #[tokio::test]
    async fn a_failure_never_tells_a_secret() {
        for body in [r#"echo '{"Secret":"s3cret"}'; exit 1"#, r#"echo '{"Secret":"s3cret"'"#] {
            let fault = answer(body).await.unwrap_err();
            assert!(!format!("{fault} {fault:?}").contains("s3cret"), "{fault}");
        }
    }

    #[tokio::test]
    async fn who_does_not_answer_is_not_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let helper = Helper { name: "test", patience: Duration::from_millis(200) };
        let fault = helper.ask(script(&dir, "exec sleep 60").as_os_str(), "a.example").await.unwrap_err();
        assert!(matches!(fault, KeychainError::HelperSlow { .. }), "{fault}");
    }

    #[tokio::test]
    async fn a_missing_helper_is_named_with_the_mend() {
        let fault = Helper::new("not-installed-anywhere").get("a.example").await.unwrap_err();
        assert!(matches!(fault, KeychainError::HelperMissing { .. }), "{fault}");
        assert!(fault.hint().unwrap().contains("credsStore"));
        assert!(Helper::new("../evil").get("a.example").await.is_err());
    }
}
