//! HTTP on the loopback address: connections, their limits, and the headers of every answer.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CACHE_CONTROL, HeaderValue, LOCATION, SET_COOKIE};
use hyper::service::service_fn;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};

use super::guard::{Admission, BODY_LIMIT, Guard};
use super::learning::keep_learning;
use super::route::{Reply, route, text};
use super::session::Session;
use super::view;
use crate::{Error, Result};

/// Connections at once; past that the oldest that never showed the cookie makes room.
const CONNECTIONS: usize = 256;
/// How long the head, and the body, of a request may take.
const SLOW: Duration = Duration::from_secs(10);
/// How long after an action the label file is written: a burst of actions is written once.
const PAUSE: Duration = Duration::from_millis(700);

/// Nothing from anywhere else, nothing inline, no frames, no forms.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A session behind one address.
pub struct Server {
    runtime: tokio::runtime::Runtime,
    listener: TcpListener,
    shared: Arc<Shared>,
}

/// What all requests share.
pub(super) struct Shared {
    session: Mutex<Session>,
    /// Held while the label file is written: an older one must not come into place after a newer one.
    writing: Mutex<()>,
    guard: Guard,
    /// Something changed that the label file lacks.
    pub(super) changed: Notify,
    /// A label was made or taken back.
    pub(super) labelled: Notify,
    /// The page asked for the end.
    pub(super) ended: Notify,
}

impl Shared {
    /// The session. A panic while it was held left it between two whole steps: the journal comes first.
    pub(super) fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Server {
    /// Listens on the loopback address.
    ///
    /// # Arguments
    ///
    /// * `port` - 0 takes any that is free.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) when the port is taken.
    pub fn bind(session: Session, port: u16) -> Result<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let wrap = |e| Error::io(address.to_string(), "listen on", e);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(wrap)?;
        let listener = runtime.block_on(TcpListener::bind(address)).map_err(wrap)?;
        let port = listener.local_addr().map_err(wrap)?.port();
        let guard = Guard::new(port).map_err(|e| wrap(std::io::Error::other(e.to_string())))?;
        let shared = Shared {
            session: Mutex::new(session),
            writing: Mutex::new(()),
            guard,
            changed: Notify::new(),
            labelled: Notify::new(),
            ended: Notify::new(),
        };
        Ok(Self { runtime, listener, shared: Arc::new(shared) })
    }

    /// The address to open once; it holds the token.
    pub fn address(&self) -> String {
        self.shared.guard.address()
    }

    /// Serves until the page or the terminal ends it, then writes the label file.
    ///
    /// # Returns
    ///
    /// A line on how far the work is.
    ///
    /// # Errors
    ///
    /// When the label file cannot be written at the end. The journal has everything even then.
    pub fn run(self) -> Result<String> {
        let Self { runtime, listener, shared } = self;
        runtime.block_on(async {
            tokio::select! {
                () = accept(&listener, &shared) => {}
                () = keep_written(&shared) => {}
                () = keep_learning(&shared) => {}
                () = shared.ended.notified() => {}
                () = interrupted() => {}
            }
            // The page that asked for the end gets its answer.
            sleep(Duration::from_millis(100)).await;
        });
        runtime.shutdown_timeout(Duration::from_secs(2));
        write_aside(&shared)?;
        Ok(view::farewell(&shared.session()))
    }
}

/// Returns at Ctrl-C, and on Unix when the process is asked to end or its terminal closes.
async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (term, hangup) = (signal(SignalKind::terminate()), signal(SignalKind::hangup()));
        if let (Ok(mut term), Ok(mut hangup)) = (term, hangup) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = term.recv() => {}
                _ = hangup.recv() => {}
            }
            return;
        }
    }
    // Without signals the page still has a button for the end.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Writes the label file a moment after each change.
async fn keep_written(shared: &Arc<Shared>) {
    loop {
        shared.changed.notified().await;
        sleep(PAUSE).await;
        let shared = shared.clone();
        // A failure is kept in the session, shown by the page, and tried again after the next change.
        let _ = tokio::task::spawn_blocking(move || write_aside(&shared)).await;
    }
}

/// Writes the label file without holding up the annotator while the disk works.
pub(super) fn write_aside(shared: &Shared) -> Result<()> {
    let _writing = shared.writing.lock().unwrap_or_else(PoisonError::into_inner);
    let draft = shared.session().prepare()?;
    let Some(draft) = draft else { return Ok(()) };
    let placed = draft.place();
    shared.session().settle(draft, placed)
}

async fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut open: VecDeque<(AbortHandle, Arc<AtomicBool>)> = VecDeque::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file handles, say: the next try may find one.
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        open.retain(|(task, _)| !task.is_finished());
        if open.len() >= CONNECTIONS {
            let stranger = open.iter().position(|(_, known)| !known.load(Ordering::Relaxed));
            if let Some((task, _)) = open.remove(stranger.unwrap_or(0)) {
                task.abort();
            }
        }
        let known = Arc::new(AtomicBool::new(false));
        let task = tokio::spawn(connection(stream, shared.clone(), known.clone()));
        open.push_back((task.abort_handle(), known));
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>, known: Arc<AtomicBool>) {
    // Answers are small: waiting to fill a packet would only delay them.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let (shared, known) = (shared.clone(), known.clone());
        async move { Ok::<_, std::convert::Infallible>(respond(request, &shared, &known).await) }
    });
    // A connection that breaks off or speaks no HTTP is nobody's to tell.
    let _ = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(SLOW)
        .max_buf_size(64 << 10)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn respond(request: Request<Incoming>, shared: &Arc<Shared>, known: &AtomicBool) -> Reply {
    let (parts, body) = request.into_parts();
    let head = parts.method == Method::HEAD;
    let mut reply = match shared.guard.admit(&parts) {
        Err((status, why)) => text(status, why),
        Ok(Admission::Enter) => {
            let mut reply = text(StatusCode::SEE_OTHER, "");
            reply.headers_mut().insert(LOCATION, HeaderValue::from_static("/"));
            if let Ok(cookie) = HeaderValue::from_str(&shared.guard.cookie()) {
                reply.headers_mut().insert(SET_COOKIE, cookie);
            }
            reply
        }
        Ok(admission) => {
            known.store(true, Ordering::Relaxed);
            let body = if admission == Admission::Write { collect(body).await } else { Ok(Bytes::new()) };
            match body {
                Err((status, why)) => text(status, why),
                Ok(body) => {
                    let shared = shared.clone();
                    let write = admission == Admission::Write;
                    let work = move || route(&shared, &parts.uri, write, &body);
                    let failed = |_| {
                        text(StatusCode::INTERNAL_SERVER_ERROR, "this request failed; nothing was changed")
                    };
                    tokio::task::spawn_blocking(work).await.unwrap_or_else(failed)
                }
            }
        }
    };
    if head {
        *reply.body_mut() = Full::default();
    }
    for (name, value) in [
        ("content-security-policy", POLICY),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        reply.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    reply.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}

async fn collect(body: Incoming) -> Result<Bytes, (StatusCode, &'static str)> {
    match timeout(SLOW, Limited::new(body, BODY_LIMIT).collect()).await {
        Err(_) => Err((StatusCode::REQUEST_TIMEOUT, "too slow")),
        Ok(Err(e)) if e.is::<http_body_util::LengthLimitError>() => {
            Err((StatusCode::PAYLOAD_TOO_LARGE, "1 MiB at most"))
        }
        Ok(Err(_)) => Err((StatusCode::BAD_REQUEST, "cut off")),
        Ok(Ok(body)) => Ok(body.to_bytes()),
    }
}

/// Opens the user's browser; false when there is none, and the address has to be opened by hand.
pub fn open_browser(address: &str) -> bool {
    open::that_detached(address).is_ok()
}
