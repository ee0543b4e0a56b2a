//! A place: where an upload goes on, as the registry's `Location` has it.

use http::HeaderMap;
use http::header::LOCATION;
use oci_spec::image::Digest;
use reqwest::Url;

use super::call::Origin;

/// Where an upload goes on. Its query may hold a signature, so that it isn't shown.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) url: Url,
    /// Whether it is the registry itself, which alone is shown our credentials.
    pub(super) origin: Origin,
}

impl Place {
    /// Reads the `Location` of an answer that came from `asked`, in a conversation with the registry at `home`.
    pub(super) fn read(headers: &HeaderMap, asked: &Url, home: &Url) -> Result<Self, &'static str> {
        let location = headers.get(LOCATION).ok_or("it does not say where the upload goes on")?;
        let joined = location.to_str().ok().and_then(|text| asked.join(text).ok());
        let mut url = joined.ok_or("the place where the upload goes on is no URL")?;
        url.set_fragment(None);
        match (asked.scheme(), url.scheme()) {
            (_, "https") | ("http", "http") => {}
            // A registry that does not know of the TLS in front of it: it means itself.
            ("https", "http") if url.host() == home.host() && matches!(url.port(), None | Some(443)) => {
                let port = home.port();
                if url.set_scheme("https").and_then(|()| url.set_port(port)).is_err() {
                    return Err("the place where the upload goes on is no URL");
                }
            }
            _ => return Err("the upload would go on without TLS"),
        }
        let origin = if url.origin() == home.origin() { Origin::Asked } else { Origin::Elsewhere };
        Ok(Self { url, origin })
    }

    /// The same, to complete the upload as `digest`. What the query holds already stays, to the byte: it may be signed.
    pub(super) fn complete(&self, digest: &Digest) -> Url {
        let mut url = self.url.clone();
        let query = match url.query().filter(|query| !query.is_empty()) {
            Some(query) => format!("{query}&digest={digest}"),
            None => format!("digest={digest}"),
        };
        url.set_query(Some(&query));
        url
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(location: &str, asked: &str, home: &str) -> Result<(String, Origin), &'static str> {
        let headers = HeaderMap::from_iter([(LOCATION, location.parse().unwrap())]);
        let url = |text: &str| Url::parse(text).unwrap();
        Place::read(&headers, &url(asked), &url(home)).map(|place| (place.url.to_string(), place.origin))
    }

    #[test]
    fn relative_and_absolute_places_are_found() {
        let (home, asked) = ("https://a.example/", "https://a.example/v2/x/blobs/uploads/");
        let at = |location: &str| read(location, asked, home).unwrap();
        assert_eq!(at("/v2/x/1?s=a%2Fb"), ("https://a.example/v2/x/1?s=a%2Fb".into(), Origin::Asked));
        assert_eq!(at("1"), ("https://a.example/v2/x/blobs/uploads/1".into(), Origin::Asked));
        assert_eq!(at("https://a.example:443/1#x"), ("https://a.example/1".into(), Origin::Asked));
        assert_eq!(at("https://b.example/1"), ("https://b.example/1".into(), Origin::Elsewhere));
        assert_eq!(at("https://a.example:444/1").1, Origin::Elsewhere);
        assert!(Place::read(&HeaderMap::new(), &Url::parse(asked).unwrap(), &Url::parse(home).unwrap()).is_err());
    }

    #[test]
    fn tls_is_never_given_up() {
        let (home, asked) = ("https://a.example:5000/", "https://a.example:5000/v2/");
        assert!(read("http://b.example/1", asked, home).is_err());
        assert!(read("http://a.example:81/1", asked, home).is_err());
        assert!(read("ftp://a.example/1", asked, home).is_err());
        // A registry behind a proxy that speaks TLS for it.
        let meant = ("https://a.example:5000/1".to_owned(), Origin::Asked);
        assert_eq!(read("http://a.example/1", asked, home), Ok(meant));
        assert_eq!(read("http://a.example/1", "http://a.example/", "http://a.example/").unwrap().1, Origin::Asked);
    }

    #[test]
    fn the_query_stays_and_the_digest_comes_to_it() {
        let digest: Digest = format!("sha256:{}", "a".repeat(64)).parse().unwrap();
        let complete = |url: &str| {
            let place = Place { url: Url::parse(url).unwrap(), origin: Origin::Asked };
            place.complete(&digest).query().unwrap().to_owned()
        };
        assert_eq!(complete("https://a/1"), format!("digest={digest}"));
        assert_eq!(complete("https://a/1?_state=a%3D%3D&x"), format!("_state=a%3D%3D&x&digest={digest}"));
    }
}
