//! A pull secret: the logins for registries that a cluster keeps for its Pods.

use super::credentials::Credentials;
use super::docker_config::DockerConfig;
use super::host::Host;
use super::keychain_error::KeychainError;
use super::secret::Secret;
use crate::image::reference::Repository;

/// The type whose content is Docker's whole configuration.
const WHOLE: &str = "kubernetes.io/dockerconfigjson";

/// The logins of one secret, those for the longest names first.
///
/// Names match as a kubelet matches them, which is not as Docker does: `*.registry.example` stands for one part of a
/// host's name, and `registry.example/team` for a part of its repositories.
/// <https://kubernetes.io/docs/concepts/containers/images/#config-json>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullSecret(Vec<(Pattern, Credentials)>);

/// What a login is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Pattern {
    /// Host and path, without a scheme.
    host: String,
    path: String,
}

impl PullSecret {
    /// Reads the content of a secret of the type kubernetes.io/dockerconfigjson or kubernetes.io/dockercfg; `origin` is
    /// what messages call it. Nothing of the content is in an error.
    pub fn parse(origin: &str, kind: &str, content: &Secret) -> Result<Self, KeychainError> {
        let whole = if kind == WHOLE {
            DockerConfig::parse(origin, content.expose())?
        } else {
            DockerConfig::parse(origin, &format!("{{\"auths\":{}}}", content.expose()))?
        };
        let logins = whole.logins().map(|login| login.map(|(key, credentials)| (Pattern::of(key), credentials)));
        let mut logins: Vec<_> = logins.collect::<Result<_, _>>()?;
        logins.sort_by(|(a, _), (b, _)| b.cmp(a));
        logins.retain(|(_, credentials)| *credentials != Credentials::Anonymous);
        Ok(Self(logins))
    }

    /// The logins for a repository, in the order in which a kubelet tries them.
    pub fn logins(&self, repository: &Repository) -> impl Iterator<Item = &Credentials> {
        let image = Pattern { host: repository.host().to_owned(), path: format!("/{}", repository.path()) };
        self.0.iter().filter(move |(pattern, _)| pattern.matches(&image)).map(|(_, credentials)| credentials)
    }
}

impl Pattern {
    fn of(key: &str) -> Self {
        let bare = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
        let (host, path) = bare.split_once('/').unwrap_or((bare, ""));
        let path = format!("/{path}");
        let path = path.strip_prefix("/v1/").or_else(|| path.strip_prefix("/v2/")).unwrap_or(&path);
        let path = path.trim_matches('/');
        let path = if path.is_empty() { String::new() } else { format!("/{path}") };
        // All of Docker Hub's names are one.
        let host = Host::parse(host).map_or_else(|_| host.to_ascii_lowercase(), |h| h.name().to_owned());
        Self { host, path }
    }

    fn matches(&self, image: &Self) -> bool {
        let port = |host: &str| host.rsplit_once(':').map(|(_, port)| port.to_owned());
        let name = |host: &str| host.rsplit_once(':').map_or(host, |(name, _)| name).to_owned();
        let (mine, its) = (name(&self.host), name(&image.host));
        let (mine, its): (Vec<_>, Vec<_>) = (mine.split('.').collect(), its.split('.').collect());
        port(&self.host) == port(&image.host)
            && mine.len() == its.len()
            && mine.iter().zip(&its).all(|(pattern, part)| stands_for(pattern.as_bytes(), part.as_bytes()))
            && image.path.starts_with(&self.path)
    }
}

/// `*` stands for any characters of one part, `?` for one.
fn stands_for(pattern: &[u8], part: &[u8]) -> bool {
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < part.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == b'?' || *c == part[t] => (p, t) = (p + 1, t + 1),
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    (p, t) = (at + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == b'*')
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn users(kind: &str, content: &str, repository: &str) -> Vec<String> {
        let secret = PullSecret::parse("Secret pull in namespace team", kind, &Secret::new(content)).unwrap();
        let repository = repository.parse().unwrap();
        let found = secret.logins(&repository).map(|c| c.user().unwrap().to_owned());
        found.collect()
    }

    fn whole(keys: &[&str]) -> String {
        let entry = |key: &&str| format!(r#""{key}": {{"username": "{key}", "password": "p"}}"#);
        format!(r#"{{"auths": {{{}}}}}"#, keys.iter().map(entry).collect::<Vec<_>>().join(","))
    }

    #[test]
    fn names_match_as_a_kubelet_matches_them() {
        let found = |keys: &[&str], repository: &str| users(WHOLE, &whole(keys), repository);
        let none = Vec::<String>::new();
        assert_eq!(found(&["a.example"], "a.example/team/api"), ["a.example"]);
        assert_eq!(found(&["*.a.example"], "eu.a.example/team/api"), ["*.a.example"]);
        assert_eq!(found(&["*.a.example"], "a.example/team/api"), none);
        assert_eq!(found(&["a.example:5000"], "a.example/team/api"), none);
        assert_eq!(found(&["https://a.example/v2/"], "a.example/team/api"), ["https://a.example/v2/"]);
        let both = ["a.example", "a.example/team", "a.example/other"];
        assert_eq!(found(&both, "a.example/team/api"), ["a.example/team", "a.example"]);
        assert_eq!(found(&["https://index.docker.io/v1/"], "team/api"), ["https://index.docker.io/v1/"]);
        assert_eq!(found(&["r?g*.example"], "registry.example/x"), ["r?g*.example"]);
    }

    #[test]
    fn the_old_form_is_the_logins_alone() {
        let content = r#"{"a.example": {"auth": "dTpw", "email": "x"}}"#;
        assert_eq!(users("kubernetes.io/dockercfg", content, "a.example/x"), ["u"]);
    }

    #[test]
    fn no_content_is_in_an_error() {
        for content in [r#"{"auths": {"a.example": "hunter2"}}"#, r#"{"auths": {"a.example": {"auth": "%hunter2"}}}"#] {
            let error = PullSecret::parse("Secret pull", WHOLE, &Secret::new(content)).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
        }
    }
}
