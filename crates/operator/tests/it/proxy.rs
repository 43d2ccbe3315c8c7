//! A proxy before the API server that commits faults: it refuses, hangs, or drops what it streams.
//!
//! `kubectl proxy` behind it has the credential, so the operator speaks to it without one.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use orgform_control_plane::program;
use serde_json::json;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, watch};

/// What happens to the requests that a fault meets.
#[derive(Clone)]
pub(crate) enum Then {
    /// They are answered so, and not carried out.
    Answer(u16),
    /// They are told of and never carried out.
    HoldBefore(mpsc::UnboundedSender<()>),
    /// They are carried out, told of and never answered.
    HoldAfter(mpsc::UnboundedSender<()>),
}

/// A fault.
struct Fault {
    method: &'static str,
    part: String,
    skip: usize,
    times: usize,
    then: Then,
}

/// A proxy. Dropped, it ends.
pub(crate) struct Proxy {
    upstream: Child,
    kubeconfig: PathBuf,
    inner: Arc<Inner>,
}

struct Inner {
    client: reqwest::Client,
    upstream: String,
    faults: Mutex<Vec<Fault>>,
    cuts: watch::Sender<()>,
}

impl Proxy {
    /// Starts one before the API server of this kubeconfig.
    pub(crate) fn before(kubeconfig: &PathBuf, runtime: &Runtime) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut upstream = Command::new(program("kubectl").unwrap())
            .args(["proxy", "--port=0"])
            .env("KUBECONFIG", kubeconfig)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(upstream.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().rsplit(' ').next().unwrap();
        let inner = Arc::new(Inner {
            client: reqwest::Client::builder().no_proxy().no_gzip().build().unwrap(),
            upstream: format!("http://{address}"),
            faults: Mutex::default(),
            cuts: watch::Sender::new(()),
        });
        let router = Router::new().fallback(forward).with_state(inner.clone());
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(async move { axum::serve(listener, router).await });
        let ours = kubeconfig.with_file_name(format!("proxy-{}.kubeconfig", address.port()));
        let text = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{ "name": "proxy", "cluster": { "server": format!("http://{address}") } }],
            "contexts": [{ "name": "proxy", "context": { "cluster": "proxy", "user": "" } }],
            "current-context": "proxy",
        });
        std::fs::write(&ours, text.to_string()).unwrap();
        Self { upstream, kubeconfig: ours, inner }
    }

    /// For whoever is to go through it.
    pub(crate) fn kubeconfig(&self) -> &PathBuf {
        &self.kubeconfig
    }

    /// Commits a fault at requests of a method whose path and query have this part in them: not at the first `skip`,
    /// but at so many after those.
    pub(crate) fn commit(&self, method: &'static str, part: &str, skip: usize, times: usize, then: Then) {
        let fault = Fault { method, part: part.to_owned(), skip, times, then };
        self.inner.faults.lock().unwrap().push(fault);
    }

    /// How many faults are still to come.
    pub(crate) fn open_faults(&self) -> usize {
        self.inner.faults.lock().unwrap().iter().map(|fault| fault.times).sum()
    }

    /// Drops everything that is streamed now.
    pub(crate) fn cut(&self) {
        self.inner.cuts.send_replace(());
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.upstream.kill();
        let _ = self.upstream.wait();
    }
}

impl Inner {
    fn strikes(&self, method: &str, path: &str) -> Option<Then> {
        let mut faults = self.faults.lock().unwrap();
        for fault in faults.iter_mut() {
            if fault.times == 0 || fault.method != method || !path.contains(&fault.part) {
                continue;
            }
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            fault.times -= 1;
            return Some(fault.then.clone());
        }
        None
    }
}

async fn forward(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", |one| one.as_str());
    let fault = inner.strikes(parts.method.as_str(), path);
    match &fault {
        Some(Then::Answer(code)) => return answer(*code),
        Some(Then::HoldBefore(tell)) => {
            tell.send(()).unwrap();
            return std::future::pending().await;
        }
        Some(Then::HoldAfter(_)) | None => {}
    }
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let mut headers = parts.headers.clone();
    headers.remove(header::HOST);
    let url = format!("{}{path}", inner.upstream);
    let mut cuts = inner.cuts.subscribe();
    let sent = inner.client.request(parts.method.clone(), url).headers(headers).body(body).send().await;
    let Ok(answered) = sent else { return StatusCode::BAD_GATEWAY.into_response() };
    if let Some(Then::HoldAfter(tell)) = fault {
        answered.bytes().await.unwrap();
        tell.send(()).unwrap();
        return std::future::pending().await;
    }
    let mut response = Response::builder().status(answered.status());
    let hop_by_hop: [HeaderName; 3] = [header::CONNECTION, header::CONTENT_LENGTH, header::TRANSFER_ENCODING];
    for (name, value) in answered.headers().iter().filter(|(name, _)| !hop_by_hop.contains(name)) {
        response = response.header(name, value);
    }
    cuts.mark_unchanged();
    let chunks = futures::stream::unfold((answered, cuts), |(mut answered, mut cuts)| async move {
        tokio::select! {
            chunk = answered.chunk() => Some((chunk.ok()??, (answered, cuts))),
            _ = cuts.changed() => None,
        }
    });
    response.body(Body::from_stream(futures::StreamExt::map(chunks, Ok::<_, std::io::Error>))).unwrap()
}

/// As an API server says it.
fn answer(code: u16) -> Response {
    let reason = match code {
        409 => "Conflict",
        410 => "Expired",
        429 => "TooManyRequests",
        _ => "InternalError",
    };
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "a fault", "reason": reason, "code": code,
    });
    (StatusCode::from_u16(code).unwrap(), [(header::CONTENT_TYPE, "application/json")], body.to_string())
        .into_response()
}
