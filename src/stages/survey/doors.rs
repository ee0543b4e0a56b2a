//! The doors of registries: one client for each login, however many images are behind it.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::{Mutex, OnceCell, Semaphore};

use crate::audit::Reading;
use crate::image::reference::Repository;
use crate::registry::{self, Credentials, Keychain, PullSecret, Registry};
use crate::settings::RegistrySecurity;
use crate::stages::push::options;

/// How many images are read at a time of one registry.
const AT_ONCE: usize = 8;

/// Opens registries, each once for each login.
pub struct Doors<'a> {
    security: &'a RegistrySecurity,
    keychain: &'a Keychain,
    hosts: Mutex<HashMap<String, Arc<Door>>>,
}

/// One registry.
pub(super) struct Door {
    /// Who may read of it now.
    pub(super) turn: Semaphore,
    /// This machine's own login there.
    own: OnceCell<Credentials>,
    clients: Mutex<Vec<(Credentials, Arc<Registry>)>>,
    /// Why nobody can be reached there: known once, and not tried for each image again.
    pub(super) shut: Mutex<Option<Reading>>,
}

impl<'a> Doors<'a> {
    /// Nothing is opened yet.
    pub fn new(security: &'a RegistrySecurity, keychain: &'a Keychain) -> Self {
        Self { security, keychain, hosts: Mutex::default() }
    }

    /// The registry of that host.
    pub(super) async fn door(&self, host: &str) -> Arc<Door> {
        let mut hosts = self.hosts.lock().await;
        let new = || Door {
            turn: Semaphore::new(AT_ONCE),
            own: OnceCell::new(),
            clients: Mutex::default(),
            shut: Mutex::default(),
        };
        Arc::clone(hosts.entry(host.to_owned()).or_insert_with(|| Arc::new(new())))
    }

    /// The logins to try for a repository: those of its pull secrets, as a kubelet does, then this machine's own.
    /// Without any, nobody's.
    pub(super) async fn logins(
        &self,
        door: &Door,
        repository: &Repository,
        secrets: &[&PullSecret],
    ) -> Result<Vec<Credentials>, registry::Error> {
        let mut logins: Vec<Credentials> = Vec::new();
        for login in secrets.iter().flat_map(|secret| secret.logins(repository)) {
            if !logins.contains(login) {
                logins.push(login.clone());
            }
        }
        // A helper that fails is no reason to give up what a secret opens.
        match door.own.get_or_try_init(|| self.keychain.lookup(repository.host())).await {
            Ok(own) if !logins.contains(own) => logins.push(own.clone()),
            Err(error) if logins.is_empty() => return Err(error.into()),
            _ => {}
        }
        // Nobody is tried last: most registries let strangers read what is public.
        if let Some(at) = logins.iter().position(|l| *l == Credentials::Anonymous) {
            let nobody = logins.remove(at);
            logins.push(nobody);
        }
        Ok(logins)
    }

    /// The client of that login.
    pub(super) async fn client(
        &self,
        door: &Door,
        host: &str,
        login: &Credentials,
    ) -> Result<Arc<Registry>, registry::Error> {
        let mut clients = door.clients.lock().await;
        if let Some((_, client)) = clients.iter().find(|(known, _)| known == login) {
            return Ok(Arc::clone(client));
        }
        let client = Arc::new(Registry::new(&options(host, self.security), login.clone())?);
        clients.push((login.clone(), Arc::clone(&client)));
        Ok(client)
    }
}
