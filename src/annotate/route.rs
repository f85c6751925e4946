//! A handful of routes, each by its exact path; none reaches the file system.

use std::collections::BTreeMap;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::action::Action;
use super::server::{Shared, write_aside};
use super::view;
use crate::{Error, ErrorKind, Result};

const PAGE: &str = include_str!("page/index.html");
const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");
const WORK: &str = include_str!("page/work.js");
const KEYS: &str = include_str!("page/keys.js");
const POINTS: &str = include_str!("page/points.js");
const CURVE: &str = include_str!("page/curve.js");
const ICON: &str = include_str!("page/icon.svg");

/// What goes back.
pub(super) type Reply = Response<Full<Bytes>>;

/// A few words.
pub(super) fn text(status: StatusCode, text: &'static str) -> Reply {
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

/// Answers a request that was let in.
pub(super) fn route(shared: &Shared, uri: &hyper::Uri, write: bool, body: &[u8]) -> Reply {
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
        "/work.js" => return asset("text/javascript; charset=utf-8", WORK),
        "/keys.js" => return asset("text/javascript; charset=utf-8", KEYS),
        "/points.js" => return asset("text/javascript; charset=utf-8", POINTS),
        "/curve.js" => return asset("text/javascript; charset=utf-8", CURVE),
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
        "/api/curve" => shared.session().teaching(),
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
            shared.labelled.notify_one();
            Some(place)
        }
        "/api/undo" => {
            let place = shared.session().undo()?;
            shared.changed.notify_one();
            shared.labelled.notify_one();
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
