//! A kubeconfig: which cluster is meant, and how it is reached, read as kubectl reads it.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use kube::Config;
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};

use super::error::Error;
use super::proxy::{Proxies, proxy};

/// What is stated of the cluster to speak to.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// The file of `--kubeconfig`.
    pub kubeconfig: Option<PathBuf>,
    /// What `KUBECONFIG` holds: files, with the separator of `PATH` between.
    pub list: Option<OsString>,
    /// The user's home.
    pub home: Option<PathBuf>,
    /// The context of `--context`.
    pub context: Option<String>,
    /// The namespace that is stated; the context's where none is.
    pub namespace: Option<String>,
    /// The proxies of the environment.
    pub proxies: Proxies,
}

/// A way to a cluster that nobody has gone yet.
#[derive(Clone)]
pub struct Way {
    /// The context, or `in-cluster`.
    pub context: String,
    /// The API server's address.
    pub address: String,
    /// Where objects go that name no namespace.
    pub namespace: String,
    pub(super) config: Config,
}

/// Where a Pod finds its token: <https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/>.
const MOUNTED_TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/// Finds the way: the stated file, those of `KUBECONFIG`, `~/.kube/config`; without any, the service account that is
/// mounted here.
pub async fn find(access: &Access) -> Result<Way, Error> {
    let Some(kubeconfig) = read(access)? else {
        return in_cluster(access);
    };
    let known = || kubeconfig.contexts.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
    let stated = access.context.clone().or_else(|| kubeconfig.current_context.clone());
    let Some(context) = stated.filter(|name| !name.is_empty()) else {
        return if known().is_empty() { in_cluster(access) } else { Err(Error::NoCurrentContext { known: known() }) };
    };
    if !kubeconfig.contexts.iter().any(|c| c.name == context) {
        return Err(Error::NoContext { name: context, known: known() });
    }
    let stated_proxy = cluster_proxy(&kubeconfig, &context);
    let options = KubeConfigOptions { context: Some(context.clone()), ..KubeConfigOptions::default() };
    let mut config =
        Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(|e| incomplete(&context, &e))?;
    let stated_proxy = stated_proxy.as_deref().filter(|p| !p.is_empty());
    config.proxy_url = proxy(stated_proxy, &config.cluster_url, &access.proxies)?;
    trim_token(&mut config);
    Ok(way(config, context, access))
}

/// An editor ends a token's file with a line break, which kubectl leaves out and the client does not. One that holds
/// nothing else is left to the client, which reads it anew when the token is renewed.
fn trim_token(config: &mut Config) {
    let user = &mut config.auth_info;
    let file = user.token_file.as_ref().filter(|_| user.token.is_none());
    let Some(text) = file.and_then(|path| std::fs::read_to_string(path).ok()) else { return };
    if text.trim() != text {
        user.token = Some(text.trim().to_owned().into());
    }
}

fn way(mut config: Config, context: String, access: &Access) -> Way {
    // How long and what to try again is decided where it is known what is at stake.
    config.default_retry = false;
    config.connect_timeout = Some(std::time::Duration::from_secs(5));
    // Whoever operates the server sees whose requests they are.
    let us = http::HeaderValue::from_static(concat!("pydeploy/", env!("CARGO_PKG_VERSION")));
    config.headers.push((http::header::USER_AGENT, us));
    let namespace = access.namespace.clone().unwrap_or_else(|| config.default_namespace.clone());
    let address = config.cluster_url.to_string().trim_end_matches('/').to_owned();
    Way { context, address, namespace, config }
}

fn in_cluster(access: &Access) -> Result<Way, Error> {
    if let Some(name) = &access.context {
        return Err(Error::NoContext { name: name.clone(), known: Vec::new() });
    }
    if !Path::new(MOUNTED_TOKEN).is_file() {
        return Err(Error::NoKubeconfig { looked: looked(access) });
    }
    let config = Config::incluster().map_err(|_| Error::NoKubeconfig { looked: looked(access) })?;
    Ok(way(config, "in-cluster".to_owned(), access))
}

/// Where a kubeconfig was looked for.
fn looked(access: &Access) -> Vec<PathBuf> {
    let listed: Vec<_> = access.list.iter().flat_map(std::env::split_paths).collect();
    let listed: Vec<_> = listed.into_iter().filter(|p| !p.as_os_str().is_empty()).collect();
    if listed.is_empty() { access.home.iter().map(|h| h.join(".kube/config")).collect() } else { listed }
}

/// All files as one: the first to state something wins. Files of a list need not exist, the stated one must.
fn read(access: &Access) -> Result<Option<Kubeconfig>, Error> {
    if let Some(path) = &access.kubeconfig {
        return read_file(path)?.map(Some).ok_or_else(|| Error::NoFile(path.clone()));
    }
    let mut whole: Option<Kubeconfig> = None;
    for path in looked(access) {
        let Some(next) = read_file(&path)? else { continue };
        let merged = match whole.take() {
            None => Ok(next),
            Some(before) => before.merge(next),
        };
        whole = Some(merged.map_err(|e| Error::Malformed { path, place: e.to_string() })?);
    }
    Ok(whole)
}

fn read_file(path: &Path) -> Result<Option<Kubeconfig>, Error> {
    match Kubeconfig::read_from(path) {
        // An empty name states nothing, and leaves it to the next file.
        Ok(config) => {
            let current_context = config.current_context.clone().filter(|name| !name.is_empty());
            Ok(Some(Kubeconfig { current_context, ..config }))
        }
        Err(KubeconfigError::ReadConfig(e, _)) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(KubeconfigError::ReadConfig(source, _)) => Err(Error::Unreadable { path: path.to_path_buf(), source }),
        // The parser's own words may quote the file, which holds passwords.
        Err(KubeconfigError::Parse(e)) => {
            let place = e.location().map_or_else(String::new, |l| format!(" (line {})", l.line()));
            Err(Error::Malformed { path: path.to_path_buf(), place: format!("it is not the YAML of one{place}") })
        }
        Err(e) => Err(Error::Malformed { path: path.to_path_buf(), place: e.to_string() }),
    }
}

fn cluster_proxy(kubeconfig: &Kubeconfig, context: &str) -> Option<String> {
    let context = kubeconfig.contexts.iter().find(|c| c.name == context)?.context.as_ref()?;
    let cluster = kubeconfig.clusters.iter().find(|c| c.name == context.cluster)?.cluster.as_ref()?;
    cluster.proxy_url.clone()
}

/// What a context lacks.
fn incomplete(context: &str, error: &KubeconfigError) -> Error {
    let what = match error {
        KubeconfigError::LoadClusterOfContext(name) => format!("its cluster {name:?} is not there"),
        KubeconfigError::MissingClusterUrl => "its cluster has no server".to_owned(),
        KubeconfigError::ParseClusterUrl(_) => "its cluster's server is no address".to_owned(),
        KubeconfigError::ParseProxyUrl(_) => "a proxy's address is none".to_owned(),
        KubeconfigError::LoadCertificateAuthority(e) => format!("its cluster's certificate authority: {e}"),
        KubeconfigError::ParseCertificates(_) => "its cluster's certificate authority is no PEM file".to_owned(),
        KubeconfigError::LoadClientCertificate(e) => format!("its user's client certificate: {e}"),
        KubeconfigError::LoadClientKey(e) => format!("its user's client key: {e}"),
        _ => "it can't be used".to_owned(),
    };
    Error::Incomplete { context: context.to_owned(), what }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn file(folder: &Path, name: &str, contexts: &[&str], current: &str) -> PathBuf {
        let list = |what: &dyn Fn(&str) -> String| contexts.iter().map(|c| what(c)).collect::<String>();
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: {current:?}\nclusters:\n{}contexts:\n{}users:\n{}",
            list(&|c| format!("- {{name: {c}, cluster: {{server: 'https://{c}.example:6443'}}}}\n")),
            list(&|c| format!("- {{name: {c}, context: {{cluster: {c}, user: {c}, namespace: of-{c}}}}}\n")),
            list(&|c| format!("- {{name: {c}, user: {{token: secret}}}}\n")),
        );
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn listed(paths: &[PathBuf]) -> Access {
        Access { list: Some(std::env::join_paths(paths).unwrap()), ..Access::default() }
    }

    #[tokio::test]
    async fn the_first_file_that_names_a_context_wins_and_missing_ones_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (file(folder.path(), "1", &["a"], ""), file(folder.path(), "2", &["b", "a"], "b"));
        let access = listed(&[folder.path().join("absent"), one, two]);
        let way = find(&access).await.unwrap();
        assert_eq!((way.context.as_str(), way.namespace.as_str()), ("b", "of-b"));
        assert_eq!(way.address, "https://b.example:6443");
        let way = find(&Access { context: Some("a".into()), namespace: Some("n".into()), ..access }).await.unwrap();
        assert_eq!((way.address.as_str(), way.namespace.as_str()), ("https://a.example:6443", "n"));
    }

    #[tokio::test]
    async fn a_context_that_is_not_there_is_told_with_those_that_are() {
        let folder = tempfile::tempdir().unwrap();
        let access = listed(&[file(folder.path(), "1", &["a", "b"], "gone")]);
        let error = find(&access).await.err().unwrap();
        assert_eq!(error.to_string(), "there is no context \"gone\" in the kubeconfig");
        assert_eq!(error.hint().unwrap(), "it has: a, b");
        let access = listed(&[file(folder.path(), "1", &["a"], "")]);
        assert!(matches!(find(&access).await, Err(Error::NoCurrentContext { .. })));
    }

    #[tokio::test]
    async fn without_any_file_there_is_no_cluster() {
        let home = tempfile::tempdir().unwrap();
        let error = find(&Access { home: Some(home.path().into()), ..Access::default() }).await.err().unwrap();
        assert!(matches!(&error, Error::NoKubeconfig { looked } if looked.len() == 1), "{error}");
        let stated = Access { kubeconfig: Some(home.path().join("x")), ..Access::default() };
        assert!(matches!(find(&stated).await, Err(Error::NoFile(_))));
    }

    #[tokio::test]
    async fn what_stands_in_a_broken_file_is_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("broken");
        std::fs::write(&path, "apiVersion: v1\nusers:\n- name: a\n  user: {token: hunter2\nkind: [Config\n").unwrap();
        let error = find(&Access { kubeconfig: Some(path), ..Access::default() }).await.err().unwrap();
        assert!(matches!(error, Error::Malformed { .. }));
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
}
