//! A push.
use super::auth::Scope;
use super::client::Registry;
use super::error::Error;
use super::pointer::Pointer;
use super::shipment::{BlobSource, Parcel, Sent, Shipment};
use crate::engine::Events;
use crate::image::reference::Tag;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use http::{HeaderValue, Method};

impl Registry {
    /// Pushes.
    pub async fn push(&self, repo: &str, shipment: &Shipment, tags: &[Tag], _events: &Events) -> Result<Sent, Error> {
        let mut sent = Sent::default();
        for Parcel { descriptor, source, .. } in &shipment.blobs {
            if self.blob_exists(repo, descriptor.digest()).await? {
                continue;
            }
            let bytes = match source {
                BlobSource::Bytes(bytes) => bytes.clone(),
                BlobSource::File(path) => std::fs::read(path).unwrap_or_default().into(),
                BlobSource::Remote { registry, repository } => {
                    let mut blob = registry.blob(repository, descriptor).await?;
                    let mut all = Vec::new();
                    while let Some(piece) = blob.piece().await? {
                        all.extend_from_slice(&piece)
                    }
                    all.into()
                }
            };
            sent.uploaded += bytes.len() as u64;
            let call = self.call("an upload".into(), Method::POST, &format!("v2/{repo}/blobs/uploads/"), 4096).await?;
            let answer = self
                .ask(&Scope::Push(repo.to_owned()), &call.header(CONTENT_LENGTH, HeaderValue::from_static("0")))
                .await?;
            let location = answer.headers.get(LOCATION).and_then(|v| v.to_str().ok()).unwrap_or_default();
            let sep = if location.contains('?') { '&' } else { '?' };
            let url = format!("{location}{sep}digest={}", descriptor.digest());
            let call = self.call("an upload".into(), Method::PUT, &url, 4096).await?;
            let call = call.header(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")).body(bytes);
            self.ask(&Scope::Push(repo.to_owned()), &call).await?;
        }
        for manifest in &shipment.manifests {
            self.put_manifest(repo, &Pointer::Digest(manifest.digest.clone()), manifest).await?;
        }
        if let Some(top) = shipment.manifests.last() {
            for tag in tags {
                self.put_manifest(repo, &Pointer::Tag(tag.as_str().to_owned()), top).await?;
            }
        }
        Ok(sent)
    }
}
