//! HTTP on the loopback address: a handful of routes, each by its exact path; none reaches the file system.

use std::collections::{BTreeMap, VecDeque};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, LOCATION, SET_COOKIE};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};

use super::action::Action;
use super::guard::{Admission, BODY_LIMIT, Guard};
use super::session::Session;
use super::view;
use crate::{Error, ErrorKind, Result};

/// Connections at once; past that the oldest that never showed the cookie makes room.
const CONNECTIONS: usize = 256;
/// How long the head, and the body, of a request may take.
const SLOW: Duration = Duration::from_secs(10);
/// How long after an action the label file is written: a burst of actions is written once.
const PAUSE: Duration = Duration::from_millis(700);

const PAGE: &str = include_str!("page/index.html");
const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");
const POINTS: &str = include_str!("page/points.js");
const ICON: &str = include_str!("page/icon.svg");

/// Nothing from anywhere else, nothing inline, no frames, no forms.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

type Reply = Response<Full<Bytes>>;

/// A session behind one address.
pub struct Server {
    runtime: tokio::runtime::Runtime,
    listener: TcpListener,
    shared: Arc<Shared>,
}

struct Shared {
    session: Mutex<Session>,
    /// Held while the label file is written: an older one must not come into place after a newer one.
    writing: Mutex<()>,
    guard: Guard,
    /// Something changed that the label file lacks.
    changed: Notify,
    /// The page asked for the end.
    ended: Notify,
}

impl Shared {
    /// The session. A panic while it was held left it between two whole steps: the journal comes first.
    fn session(&self) -> MutexGuard<'_, Session> {
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
    /// [`ErrorKind::Io`] when the port is taken.
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
        let (changed, ended) = (Notify::new(), Notify::new());
        let shared = Shared { session: Mutex::new(session), writing: Mutex::new(()), guard, changed, ended };
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
fn write_aside(shared: &Shared) -> Result<()> {
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

fn text(status: StatusCode, text: &'static str) -> Reply {
    typed(status, "text/plain; charset=utf-8", Bytes::from_static(text.as_bytes()))
}

fn typed(status: StatusCode, kind: &'static str, body: Bytes) -> Reply {
    let mut reply = Response::new(Full::new(body));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    reply
}

fn answer(status: StatusCode, value: &Value) -> Reply {
    typed(status, "application/json", Bytes::from(value.to_string()))
}

/// What a request to change something says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Act {
    place: usize,
    action: Action,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Go {
    item: usize,
}

fn route(shared: &Shared, uri: &hyper::Uri, write: bool, body: &[u8]) -> Reply {
    let result = if write { change(shared, uri.path(), body) } else { read(shared, uri) };
    result.unwrap_or_else(|error| {
        let status = match error.kind() {
            ErrorKind::Argument { .. } | ErrorKind::Input { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            ErrorKind::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            ErrorKind::Io { .. } => StatusCode::INSUFFICIENT_STORAGE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        answer(status, &json!({"error": error.to_string()}))
    })
}

fn read(shared: &Shared, uri: &hyper::Uri) -> Result<Reply> {
    let asset =
        |kind, body: &'static str| Ok(typed(StatusCode::OK, kind, Bytes::from_static(body.as_bytes())));
    let query = uri.query().unwrap_or_default();
    let number = |name: &str| parameter(query, name).and_then(|v| v.parse::<usize>().ok());
    let value = match uri.path() {
        "/" => return asset("text/html; charset=utf-8", PAGE),
        "/page.css" => return asset("text/css; charset=utf-8", STYLE),
        "/page.js" => return asset("text/javascript; charset=utf-8", SCRIPT),
        "/points.js" => return asset("text/javascript; charset=utf-8", POINTS),
        "/icon.svg" => return asset("image/svg+xml", ICON),
        "/api/session" => view::session(&shared.session()),
        "/api/progress" => view::progress(&shared.session()),
        "/api/next" => {
            let session = shared.session();
            json!({"place": session.next_after(number("after")), "progress": view::progress(&session)})
        }
        "/api/place" => view::place(&shared.session(), number("at").unwrap_or_default())?,
        "/api/article" => view::article(&shared.session(), number("at").unwrap_or_default())?,
        "/api/queue" => view::queue(&shared.session(), number("from").unwrap_or_default()),
        "/api/search" => view::search(&shared.session(), &parameter(query, "q").unwrap_or_default()),
        "/api/speakers" => view::speakers(&shared.session()),
        _ => return Ok(text(StatusCode::NOT_FOUND, "nothing here")),
    };
    Ok(answer(StatusCode::OK, &value))
}

fn change(shared: &Shared, path: &str, body: &[u8]) -> Result<Reply> {
    let place = match path {
        "/api/act" => {
            let act: Act = parse(body)?;
            let place = shared.session().act(act.place, &act.action)?;
            shared.changed.notify_one();
            Some(place)
        }
        "/api/undo" => {
            let place = shared.session().undo()?;
            shared.changed.notify_one();
            place
        }
        "/api/go" => {
            let Go { item } = parse(body)?;
            let mut session = shared.session();
            if item >= session.frame().items.len() {
                return Err(Error::argument("item", item, "the number of a statement"));
            }
            Some(session.place_of(item))
        }
        "/api/save" => {
            write_aside(shared)?;
            None
        }
        "/api/end" => {
            write_aside(shared)?;
            shared.ended.notify_one();
            return Ok(answer(StatusCode::OK, &json!({"farewell": view::farewell(&shared.session())})));
        }
        _ => return Ok(text(StatusCode::NOT_FOUND, "nothing here")),
    };
    let session = shared.session();
    let shown = place.map(|place| view::place(&session, place)).transpose()?;
    Ok(answer(StatusCode::OK, &json!({"shown": shown, "progress": view::progress(&session)})))
}

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T> {
    serde_json::from_slice(body).map_err(|e| Error::argument("body", e, "the JSON of this request"))
}

/// A value of a query, decoded.
fn parameter(query: &str, name: &str) -> Option<String> {
    let pairs: BTreeMap<&str, &str> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
    let raw = pairs.get(name)?.replace('+', " ");
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.bytes();
    while let Some(byte) = rest.next() {
        let hex = |b: Option<u8>| char::from(b?).to_digit(16);
        match byte {
            b'%' => bytes.push((hex(rest.next())? * 16 + hex(rest.next())?) as u8),
            _ => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).ok()
}

/// Opens the user's browser; false when there is none, and the address has to be opened by hand.
pub fn open_browser(address: &str) -> bool {
    open::that_detached(address).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_decoded_and_broken_ones_are_none() {
        assert_eq!(parameter("from=3&q=%D0%B4%D0%B0+so", "q").as_deref(), Some("да so"));
        assert_eq!(parameter("q=%", "q"), None);
        assert_eq!(parameter("q=%zz", "q"), None);
        assert_eq!(parameter("q=%ff", "q"), None);
        assert_eq!(parameter("", "q"), None);
    }
}
