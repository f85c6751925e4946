//! Which requests are let in. The server listens on the loopback address alone, but every page of the web can
//! send requests there, so each is treated as an attack until it has shown that it comes from our page.

use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HOST, HeaderName, HeaderValue, ORIGIN};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};

/// The largest body that is read, in bytes.
pub const BODY_LIMIT: usize = 1 << 20;

/// The secret of one server, and what its requests must look like.
#[derive(Debug)]
pub struct Guard {
    port: u16,
    token: String,
}

/// What a request may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It brought the token of the first address: it gets the cookie, and is sent to the page.
    Enter,
    /// It may read.
    Read,
    /// It may change something.
    Write,
}

/// Why a request is turned away.
pub type Refusal = (StatusCode, &'static str);

impl Guard {
    /// With a fresh token of 128 random bits.
    ///
    /// # Errors
    ///
    /// When the operating system has no random numbers.
    pub fn new(port: u16) -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        Ok(Self { port, token: format!("{:032x}", u128::from_le_bytes(bytes)) })
    }

    /// The address to open, with the token in it.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}/?token={}", self.port, self.token)
    }

    /// The cookie that stands for the token; its name has the port, so that two servers do not share it.
    pub fn cookie(&self) -> String {
        format!("{}={}; Path=/; HttpOnly; SameSite=Strict", self.cookie_name(), self.token)
    }

    fn cookie_name(&self) -> String {
        format!("sayso-{}", self.port)
    }

    /// Lets a request in or turns it away, by its head alone.
    ///
    /// # Errors
    ///
    /// The status and the reason.
    pub fn admit(&self, parts: &Parts) -> Result<Admission, Refusal> {
        let host = self.host(parts)?;
        let write = match parts.method {
            Method::GET | Method::HEAD => false,
            Method::POST => true,
            _ => return Err((StatusCode::METHOD_NOT_ALLOWED, "GET, HEAD and POST alone")),
        };
        if !write && parts.uri.path() == "/" && parts.uri.query().is_some_and(|q| q.starts_with("token=")) {
            let given = parts.uri.query().and_then(|q| q.strip_prefix("token=")).unwrap_or_default();
            return if self.is_token(given) {
                Ok(Admission::Enter)
            } else {
                Err((
                    StatusCode::FORBIDDEN,
                    "not the token of this session; open the address that sayso label printed",
                ))
            };
        }
        if !self.has_cookie(parts) {
            return Err((StatusCode::FORBIDDEN, "open the address that sayso label printed"));
        }
        let site = one(parts, &HeaderName::from_static("sec-fetch-site"))?;
        let origin = one(parts, &ORIGIN)?;
        if origin.is_some_and(|o| o.strip_prefix("http://") != Some(host)) {
            return Err((StatusCode::FORBIDDEN, "from another origin"));
        }
        if site.is_some_and(|site| !matches!(site, "same-origin" | "none")) {
            return Err((StatusCode::FORBIDDEN, "from another site"));
        }
        if !write {
            return Ok(Admission::Read);
        }
        if site.is_none() && origin.is_none() {
            return Err((StatusCode::FORBIDDEN, "without an origin"));
        }
        let kind = one(parts, &CONTENT_TYPE)?.unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/json") {
            return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, "application/json alone"));
        }
        let length = one(parts, &CONTENT_LENGTH)?.map(str::parse::<u64>);
        match length {
            Some(Ok(n)) if n > BODY_LIMIT as u64 => Err((StatusCode::PAYLOAD_TOO_LARGE, "1 MiB at most")),
            Some(Err(_)) => Err((StatusCode::BAD_REQUEST, "a length that is no number")),
            _ => Ok(Admission::Write),
        }
    }

    /// The host, if it is this one: a name of the web that points to this machine is none.
    fn host<'a>(&self, parts: &'a Parts) -> Result<&'a str, Refusal> {
        let host = one(parts, &HOST)?.ok_or((StatusCode::BAD_REQUEST, "without a host"))?;
        let known = |host: &str| {
            let at = host.rsplit_once(':').filter(|(_, port)| *port == self.port.to_string());
            at.is_some_and(|(name, _)| matches!(name, "localhost" | "127.0.0.1" | "[::1]"))
        };
        let target = parts.uri.authority().is_none_or(|authority| known(authority.as_str()));
        if known(host) && target {
            Ok(host)
        } else {
            Err((StatusCode::FORBIDDEN, "not a host of this server"))
        }
    }

    fn has_cookie(&self, parts: &Parts) -> bool {
        let name = self.cookie_name();
        let cookies = parts.headers.get_all(COOKIE).into_iter().filter_map(|v| v.to_str().ok());
        cookies
            .flat_map(|v| v.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .any(|(key, value)| key == name && self.is_token(value))
    }

    /// Takes the same time whatever is wrong.
    fn is_token(&self, given: &str) -> bool {
        let (a, b) = (self.token.as_bytes(), given.as_bytes());
        a.len() == b.len() && a.iter().zip(b).fold(0, |different, (x, y)| different | (x ^ y)) == 0
    }
}

/// The only value of a header; twice is refused, because two readers might take different ones.
fn one<'a>(parts: &'a Parts, name: &HeaderName) -> Result<Option<&'a str>, Refusal> {
    let mut values = parts.headers.get_all(name).into_iter();
    let first = values.next();
    if values.next().is_some() {
        return Err((StatusCode::BAD_REQUEST, "a header twice"));
    }
    first
        .map(HeaderValue::to_str)
        .transpose()
        .map_err(|_| (StatusCode::BAD_REQUEST, "a header that is no text"))
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;

    const PORT: u16 = 4321;
    const HERE: &str = "127.0.0.1:4321";

    fn guard() -> Guard {
        Guard { port: PORT, token: "0123456789abcdef0123456789abcdef".into() }
    }

    fn ask(method: &str, target: &str, headers: &[(&str, &str)]) -> Result<Admission, u16> {
        let mut request = Request::builder().method(method).uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        guard().admit(&parts).map_err(|(status, _)| status.as_u16())
    }

    const COOKIE: (&str, &str) = ("cookie", "a=b; sayso-4321=0123456789abcdef0123456789abcdef");
    const JSON: (&str, &str) = ("content-type", "application/json");
    const SAME: (&str, &str) = ("sec-fetch-site", "same-origin");
    const FROM_HERE: (&str, &str) = ("origin", "http://127.0.0.1:4321");

    #[test]
    fn reading_needs_our_host_and_the_cookie() {
        let get = |headers: &[(&str, &str)]| ask("GET", "/api/session", headers);
        let at = |host: &str| get(&[("host", host), COOKIE]);
        assert_eq!(at(HERE), Ok(Admission::Read));
        assert_eq!(at("localhost:4321"), Ok(Admission::Read));
        assert_eq!(at("[::1]:4321"), Ok(Admission::Read));
        for foreign in [
            "evil.com",
            "evil.com:4321",
            "127.0.0.1.evil.com:4321",
            "127.0.0.1",
            "127.0.0.1:4322",
            "127.0.0.1:04321",
            "localhost",
            "localhost.:4321",
            "LOCALHOST.evil.com:4321",
            "127.1:4321",
            "2130706433:4321",
            "0.0.0.0:4321",
            "[::ffff:127.0.0.1]:4321",
            "user@127.0.0.1:4321",
            "127.0.0.1:4321.evil.com",
            "",
        ] {
            assert_eq!(at(foreign), Err(403), "{foreign}");
        }
        assert_eq!(get(&[COOKIE]), Err(400));
        assert_eq!(get(&[("host", HERE), ("host", "evil.com"), COOKIE]), Err(400));
        assert_eq!(get(&[("host", HERE)]), Err(403));
        assert_eq!(get(&[("host", HERE), ("cookie", "sayso-4321=wrong")]), Err(403));
        assert_eq!(get(&[("host", HERE), ("cookie", "sayso-4321=")]), Err(403));
        assert_eq!(get(&[("host", HERE), ("cookie", "sayso-9=0123456789abcdef0123456789abcdef")]), Err(403));
        assert_eq!(get(&[("host", HERE), COOKIE, ("sec-fetch-site", "cross-site")]), Err(403));
        assert_eq!(get(&[("host", HERE), COOKIE, ("sec-fetch-site", "same-site")]), Err(403));
        assert_eq!(get(&[("host", HERE), COOKIE, ("origin", "https://evil.com")]), Err(403));
        assert_eq!(get(&[("host", HERE), COOKIE, ("origin", "null")]), Err(403));
        // A proxy's form of the target names a host too.
        assert_eq!(ask("GET", "http://evil.com/api/session", &[("host", HERE), COOKIE]), Err(403));
    }

    #[test]
    fn the_token_is_taken_at_the_door_alone_and_only_when_it_is_right() {
        let at = |target: &str| ask("GET", target, &[("host", HERE)]);
        assert_eq!(at("/?token=0123456789abcdef0123456789abcdef"), Ok(Admission::Enter));
        for wrong in [
            "/?token=",
            "/?token=0123456789abcdef0123456789abcdeF",
            "/?token=0123456789abcdef0123456789abcdef0",
            "/?x=1&token=0123456789abcdef0123456789abcdef",
            "/api/session?token=0123456789abcdef0123456789abcdef",
        ] {
            assert_eq!(at(wrong), Err(403), "{wrong}");
        }
        let door = "/?token=0123456789abcdef0123456789abcdef";
        assert_eq!(ask("GET", door, &[("host", "evil.com:4321")]), Err(403));
        assert_eq!(ask("POST", door, &[("host", HERE)]), Err(403));
    }

    #[test]
    fn writing_needs_our_origin_and_json_too() {
        let post = |headers: &[(&str, &str)]| {
            let all: Vec<_> = [("host", HERE), COOKIE].iter().chain(headers).copied().collect();
            ask("POST", "/api/act", &all)
        };
        assert_eq!(post(&[JSON, SAME]), Ok(Admission::Write));
        assert_eq!(post(&[JSON, SAME, FROM_HERE]), Ok(Admission::Write));
        assert_eq!(post(&[JSON, FROM_HERE]), Ok(Admission::Write));
        assert_eq!(post(&[("content-type", "Application/JSON; charset=utf-8"), SAME]), Ok(Admission::Write));
        assert_eq!(post(&[JSON]), Err(403));
        assert_eq!(post(&[JSON, ("origin", "http://127.0.0.1:4322")]), Err(403));
        assert_eq!(post(&[JSON, ("origin", "https://127.0.0.1:4321")]), Err(403));
        assert_eq!(post(&[JSON, ("origin", "http://localhost:4321")]), Err(403));
        assert_eq!(post(&[JSON, ("origin", "http://evil.com")]), Err(403));
        assert_eq!(post(&[JSON, SAME, ("origin", "null")]), Err(403));
        assert_eq!(post(&[JSON, ("sec-fetch-site", "cross-site")]), Err(403));
        assert_eq!(post(&[JSON, ("sec-fetch-site", "same-site")]), Err(403));
        assert_eq!(post(&[SAME]), Err(415));
        for kind in
            ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonx"]
        {
            assert_eq!(post(&[("content-type", kind), SAME]), Err(415), "{kind}");
        }
        assert_eq!(post(&[JSON, SAME, ("content-length", "1048576")]), Ok(Admission::Write));
        assert_eq!(post(&[JSON, SAME, ("content-length", "1048577")]), Err(413));
        assert_eq!(post(&[JSON, SAME, ("content-length", "-1")]), Err(400));
        for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "BREW"] {
            assert_eq!(ask(method, "/api/act", &[("host", HERE), COOKIE, JSON, SAME]), Err(405), "{method}");
        }
    }

    #[test]
    fn tokens_are_128_bits_and_never_the_same() {
        let token = |_| Guard::new(1).expect("random numbers").token;
        let tokens: std::collections::BTreeSet<String> = (0..100).map(token).collect();
        assert!(tokens.len() == 100 && tokens.iter().all(|t| t.len() == 32));
    }
}
