//! A receiver: takes what a build exports, as one archive, and writes it to a file.
//!
//! The stubs at hand have this service's messages as those of another one, so it is put together here.
//! <https://github.com/moby/buildkit/blob/master/session/filesync/filesync.proto>

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::task::{Context, Poll};

use bollard_buildkit_proto::moby::buildkit::v1::BytesMessage;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt};
use tokio::io::AsyncWriteExt;
use tonic::server::{Grpc, NamedService, StreamingService};
use tonic::{Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;

use super::seen::Seen;
use crate::engine::error::Error;

/// The most that is taken, in bytes: the wheel of the largest package has some hundred MB.
const LARGEST: u64 = 4 << 30;

/// Writes what a build exports to a file.
#[derive(Clone)]
pub(super) struct Receiver {
    to: Arc<PathBuf>,
    seen: Arc<Seen>,
}

impl Receiver {
    pub(super) fn new(to: &Path, seen: Arc<Seen>) -> Self {
        Self { to: Arc::new(to.to_owned()), seen }
    }

    async fn take(self, mut pieces: Streaming<BytesMessage>) -> Result<(), Status> {
        let failed = |source: std::io::Error| {
            let status = Status::internal(source.to_string());
            self.seen.fail(Error::Export { path: self.to.to_path_buf(), source });
            status
        };
        let mut file = tokio::fs::File::create(&*self.to).await.map_err(failed)?;
        let mut taken = 0;
        while let Some(piece) = pieces.next().await {
            let piece = piece?.data;
            taken += piece.len() as u64;
            if taken > LARGEST {
                return Err(failed(std::io::ErrorKind::FileTooLarge.into()));
            }
            file.write_all(&piece).await.map_err(failed)?;
        }
        file.flush().await.map_err(failed)
    }
}

impl StreamingService<BytesMessage> for Receiver {
    type Response = BytesMessage;
    type ResponseStream = BoxStream<'static, Result<BytesMessage, Status>>;
    type Future = BoxFuture<'static, Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: Request<Streaming<BytesMessage>>) -> Self::Future {
        let receiver = self.clone();
        async move {
            receiver.take(request.into_inner()).await?;
            Ok(Response::new(futures_util::stream::empty().boxed()))
        }
        .boxed()
    }
}

impl NamedService for Receiver {
    const NAME: &'static str = "moby.filesync.v1.FileSend";
}

impl tower::Service<http::Request<tonic::body::Body>> for Receiver {
    type Response = http::Response<tonic::body::Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<tonic::body::Body>) -> Self::Future {
        let receiver = self.clone();
        async move {
            let mut grpc = Grpc::new(ProstCodec::<BytesMessage, BytesMessage>::default());
            Ok(grpc.streaming(receiver, request).await)
        }
        .boxed()
    }
}
