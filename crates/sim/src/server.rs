//! Runs a simulator as an HTTP/1.1 server on a local address.
//!
//! It sits directly on hyper because a simulator must be able to do what a well-behaved server never does: close
//! a connection without an answer ([`Reply::Hangup`]). What is answered is the simulator's business.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{Request, Response};
use hyper::body::Frame;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// How long a graceful stop waits for requests that are being answered.
const STOP_PATIENCE: Duration = Duration::from_secs(5);

/// Requests with a larger body are answered by the simulator as too large.
pub(crate) const BODY_LIMIT: usize = 1 << 20;

/// Runs in the background until it is stopped or dropped; a drop closes every connection at once.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    accepting: Option<JoinHandle<()>>,
}

impl Server {
    /// The base URL, without a trailing slash.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops accepting, lets requests in progress finish (5 s at most), then returns.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(accepting) = &self.accepting {
            accepting.abort();
        }
    }
}

/// A body that breaks off half way: the connection is closed before the announced length is reached.
pub(crate) struct BrokenBody {
    half: Option<Bytes>,
    flushed: bool,
}

impl BrokenBody {
    /// Takes the whole body; the second half is never sent.
    pub(crate) fn new(whole: Vec<u8>) -> Self {
        let mut half = Bytes::from(whole);
        half.truncate(half.len() / 2);
        BrokenBody { half: Some(half), flushed: false }
    }
}

impl hyper::body::Body for BrokenBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Some(half) = self.half.take() {
            return Poll::Ready(Some(Ok(Frame::data(half))));
        }
        // One pause, in which hyper sends what it has; else the error would swallow head and half alike.
        if !std::mem::replace(&mut self.flushed, true) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(io::Error::from(io::ErrorKind::ConnectionAborted))))
    }
}

/// What becomes of one request.
pub(crate) enum Reply {
    /// An answer is sent.
    Answer(Response<Body>),
    /// The connection is closed without an answer.
    Hangup,
}

/// One simulator behind a [`Server`].
pub(crate) trait Service: Send + Sync + 'static {
    /// Answers one request; `None` as body means that it was larger than [`BODY_LIMIT`] or broke off.
    fn reply(
        self: Arc<Self>,
        head: axum::http::request::Parts,
        body: Option<Bytes>,
        peer: SocketAddr,
    ) -> impl Future<Output = Reply> + Send;
}

/// Binds and starts serving.
pub(crate) async fn serve<S: Service>(bind: SocketAddr, service: Arc<S>) -> io::Result<Server> {
    let listener = TcpListener::bind(bind).await?;
    let address = listener.local_addr()?;
    let (stop, stopped) = watch::channel(false);
    let accepting = tokio::spawn(accept(listener, service, stopped));
    Ok(Server { address, stop, accepting: Some(accepting) })
}

async fn accept<S: Service>(listener: TcpListener, service: Arc<S>, mut stopped: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = stopped.changed() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => {
                if let Ok((stream, peer)) = accepted {
                    connections.spawn(converse(stream, peer, service.clone(), stopped.clone()));
                }
            }
        }
    }
    drop(listener);
    let all_done = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(STOP_PATIENCE, all_done).await;
}

async fn converse<S: Service>(
    stream: TcpStream,
    peer: SocketAddr,
    service: Arc<S>,
    mut stopped: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let answer = service_fn(move |request: Request<hyper::body::Incoming>| {
        let service = service.clone();
        async move {
            let (head, body) = request.into_parts();
            let body = axum::body::to_bytes(Body::new(body), BODY_LIMIT).await.ok();
            match service.reply(head, body, peer).await {
                Reply::Answer(response) => Ok(response),
                // An error of the service makes hyper close the connection with nothing written.
                Reply::Hangup => Err(io::Error::from(io::ErrorKind::ConnectionAborted)),
            }
        }
    });
    let connection =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "connection ended early");
    }
}
