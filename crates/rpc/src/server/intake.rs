//! The door: which hosts, which origins, how large, how slow.
//!
//! - `Host` must be an IP address, `localhost` or an allowed name. A page that rebinds its DNS name to this machine
//!   arrives under its own name, and is refused.
//! - A WebSocket is not covered by CORS, so its `Origin`, which only browsers send, is checked here.
//! - A body is read here, to the end: a client that sends too much gets an answer and not a reset connection.

use std::{
    future::{Future, poll_fn},
    net::IpAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::{HeaderMap, Method, Request, StatusCode, header, request::Parts};
use hyper::body::{Body, Incoming};
use jsonrpsee::{
    core::BoxError,
    server::{HttpBody, HttpRequest, HttpResponse, http::is_json, ws::is_upgrade_request},
    types::{ErrorCode, ErrorObjectOwned, error::reject_too_big_request},
};
use tower::Service;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::{
    api::Api,
    config::{BODY_TIME_MAX, DRAIN_BYTES_MAX, RpcConfig},
    error::Error,
    polity,
    server::{Transport, connection::Connection},
};

/// Who may come in.
#[derive(Debug)]
pub(crate) struct Rules {
    hosts: Vec<String>,
    origins: Vec<String>,
    body_max: usize,
}

impl Rules {
    pub(crate) fn new(config: &RpcConfig) -> Self {
        let lower = |names: &[String]| names.iter().map(|name| name.to_ascii_lowercase()).collect();
        Self {
            hosts: lower(&config.allowed_hosts),
            origins: lower(&config.cors),
            body_max: config.max_body as usize,
        }
    }

    /// Whether a request addressed to `authority` (`host[:port]`) may come in.
    fn host_allowed(&self, authority: &str) -> bool {
        let host = host_of(authority).to_ascii_lowercase();
        host.parse::<IpAddr>().is_ok()
            || host == "localhost"
            || host.ends_with(".localhost")
            || self.hosts.iter().any(|allowed| {
                allowed == "*" || *allowed == host || *allowed == authority.to_ascii_lowercase()
            })
    }
}

/// The host of `host[:port]` or `[v6][:port]`.
fn host_of(authority: &str) -> &str {
    if let Some(rest) = authority.strip_prefix('[') {
        return rest.split(']').next().unwrap_or(rest);
    }
    match authority.rsplit_once(':') {
        Some((host, _)) if !host.contains(':') => host,
        _ => authority,
    }
}

/// Whether pages of `origin` may call.
fn origin_allowed(allowed: &[String], origin: &str) -> bool {
    let origin = origin.to_ascii_lowercase();
    let local = || {
        let host = host_of(origin.split_once("://").map_or("", |(_, authority)| authority));
        host == "localhost"
            || host.ends_with(".localhost")
            || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    };
    allowed.iter().any(|entry| match entry.as_str() {
        "*" => true,
        "localhost" => local(),
        exact => exact == origin,
    })
}

/// The CORS layer for the origins `allowed`.
pub(crate) fn cors(allowed: &[String]) -> Result<CorsLayer, Error> {
    for entry in allowed {
        let plain = entry == "*" || entry == "localhost";
        if !plain
            && entry
                .split_once("://")
                .is_none_or(|(scheme, rest)| scheme.is_empty() || rest.is_empty() || rest.contains('/'))
        {
            return Err(Error::Origin(entry.clone()));
        }
    }
    let allowed: Vec<String> = allowed.iter().map(|entry| entry.to_ascii_lowercase()).collect();
    let origin = if allowed.iter().any(|entry| entry == "*") {
        AllowOrigin::any()
    } else {
        AllowOrigin::predicate(move |origin, _| {
            origin.to_str().is_ok_and(|origin| origin_allowed(&allowed, origin))
        })
    };
    Ok(CorsLayer::new()
        .allow_origin(origin)
        .allow_methods([Method::POST, Method::GET])
        .allow_headers([header::CONTENT_TYPE, header::AUTHORIZATION])
        .max_age(std::time::Duration::from_secs(600)))
}

/// The service at the door.
#[derive(Clone)]
pub(crate) struct Intake<S> {
    inner: S,
    rules: Arc<Rules>,
    api: Arc<Api>,
    connection: Arc<Connection>,
}

impl<S> Intake<S> {
    pub(crate) const fn new(inner: S, rules: Arc<Rules>, api: Arc<Api>, connection: Arc<Connection>) -> Self {
        Self { inner, rules, api, connection }
    }
}

impl<S> Service<Request<Incoming>> for Intake<S>
where
    S: Service<HttpRequest, Response = HttpResponse, Error = BoxError> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = HttpResponse;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        let mut inner = self.inner.clone();
        let door = Intake::new((), self.rules.clone(), self.api.clone(), self.connection.clone());
        let answering = self.connection.answering();
        Box::pin(async move {
            let _answering = answering;
            match door.admit(request).await {
                Ok(request) => inner.call(request).await,
                Err(response) => Ok(response),
            }
        })
    }
}

impl Intake<()> {
    async fn admit(&self, request: Request<Incoming>) -> Result<HttpRequest, HttpResponse> {
        let host =
            text(request.headers(), header::HOST).or_else(|| request.uri().authority().map(|a| a.as_str()));
        if !host.is_some_and(|host| self.rules.host_allowed(host)) {
            return Err(plain(
                StatusCode::FORBIDDEN,
                "this Host is not allowed here: name it in `allowed_hosts` under [rpc] in node.toml\n",
            ));
        }
        if is_upgrade_request(&request) {
            let origin = text(request.headers(), header::ORIGIN);
            if origin.is_some_and(|origin| !origin_allowed(&self.rules.origins, origin)) {
                return Err(plain(
                    StatusCode::FORBIDDEN,
                    "this Origin is not allowed here: name it in `cors` under [rpc] in node.toml\n",
                ));
            }
            let mut request = request.map(HttpBody::new);
            request.extensions_mut().insert(Transport::WebSocket);
            request.extensions_mut().insert(self.connection.upgrade());
            return Ok(request);
        }
        if request.method() == Method::GET && request.uri().path() == "/health" {
            return Err(self.health());
        }
        let (mut parts, body) = request.into_parts();
        parts.extensions.insert(Transport::Http);
        match tokio::time::timeout(BODY_TIME_MAX, read(body, self.rules.body_max)).await {
            Ok(Ok(bytes)) if takes_json(&parts) && is_json_but_no_request(&bytes) => Err(invalid_request()),
            Ok(Ok(bytes)) => {
                // What was announced and what was read may differ in form (chunks); the body is now what it is.
                parts.headers.remove(header::TRANSFER_ENCODING);
                parts.headers.insert(header::CONTENT_LENGTH, bytes.len().into());
                Ok(HttpRequest::from_parts(parts, HttpBody::from(bytes)))
            }
            Ok(Err(Refused::TooLarge)) => Err(too_large(self.rules.body_max)),
            Ok(Err(Refused::Broken)) => Err(plain(StatusCode::BAD_REQUEST, "the body ended early\n")),
            Err(_) => Err(plain(StatusCode::REQUEST_TIMEOUT, "the body took too long\n")),
        }
    }

    fn health(&self) -> HttpResponse {
        let health = polity::health(&self.api);
        let status = if health.ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        json(status, serde_json::to_string(&health).unwrap_or_default())
    }
}

enum Refused {
    TooLarge,
    Broken,
}

/// Reads `body`, at most `max` bytes; reads on and throws away what is above, up to [`DRAIN_BYTES_MAX`].
async fn read<B>(mut body: B, max: usize) -> Result<Vec<u8>, Refused>
where
    B: Body<Data = hyper::body::Bytes> + Unpin,
{
    let mut bytes = Vec::new();
    let mut seen = 0usize;
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let Ok(data) = frame.map_err(|_| Refused::Broken)?.into_data() else { continue };
        seen = seen.saturating_add(data.len());
        if seen <= max {
            bytes.extend_from_slice(&data);
        } else {
            bytes = Vec::new();
            if seen > DRAIN_BYTES_MAX {
                break;
            }
        }
    }
    if seen > max { Err(Refused::TooLarge) } else { Ok(bytes) }
}

fn takes_json(parts: &Parts) -> bool {
    parts.method == Method::POST && is_json(parts.headers.get(header::CONTENT_TYPE))
}

/// Whether `body` is JSON that cannot be a request, which jsonrpsee does not tell from broken JSON.
///
/// Cost: a search for `"method"`; the body is parsed only where that fails.
fn is_json_but_no_request(body: &[u8]) -> bool {
    const METHOD: &[u8] = b"\"method\"";
    let parses = || serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok();
    match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'[') => false,
        Some(b'{') => !body.windows(METHOD.len()).any(|window| window == METHOD) && parses(),
        _ => parses(),
    }
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn respond(status: StatusCode, kind: &'static str, body: HttpBody) -> HttpResponse {
    let mut response = HttpResponse::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    response
}

fn plain(status: StatusCode, message: &'static str) -> HttpResponse {
    respond(status, "text/plain; charset=utf-8", HttpBody::from(message))
}

fn json(status: StatusCode, body: String) -> HttpResponse {
    respond(status, "application/json; charset=utf-8", HttpBody::from(body))
}

fn invalid_request() -> HttpResponse {
    let error = ErrorObjectOwned::from(ErrorCode::InvalidRequest);
    json(StatusCode::OK, serde_json::json!({ "jsonrpc": "2.0", "id": null, "error": error }).to_string())
}

fn too_large(max: usize) -> HttpResponse {
    let error = reject_too_big_request(u32::try_from(max).unwrap_or(u32::MAX));
    let body = serde_json::json!({ "jsonrpc": "2.0", "id": null, "error": error });
    json(StatusCode::PAYLOAD_TOO_LARGE, body.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_refused_unless_allowed() {
        let rules =
            Rules::new(&RpcConfig { allowed_hosts: vec!["node.example".into()], ..RpcConfig::default() });
        for (authority, allowed) in [
            ("127.0.0.1:8545", true),
            ("[::1]:8545", true),
            ("[::1]", true),
            ("localhost:8545", true),
            ("LOCALHOST", true),
            ("node.example", true),
            ("Node.Example:8545", true),
            ("evil.example:8545", false),
            ("127.0.0.1.evil.example", false),
            ("localhost.evil.example", false),
            ("", false),
        ] {
            assert_eq!(rules.host_allowed(authority), allowed, "{authority}");
        }
        assert!(
            Rules::new(&RpcConfig { allowed_hosts: vec!["*".into()], ..RpcConfig::default() })
                .host_allowed("any.example")
        );
    }

    #[test]
    fn json_that_is_no_request_is_told_from_broken_json() {
        for (body, expected) in [
            ("{}", true),
            (r#" {"id":1}"#, true),
            ("5", true),
            ("null", true),
            ("{", false),
            ("", false),
            ("nonsense", false),
            ("[]", false),
            (r#"{"method":1}"#, false),
        ] {
            assert_eq!(is_json_but_no_request(body.as_bytes()), expected, "{body}");
        }
    }

    #[test]
    fn origins_are_refused_unless_allowed() {
        let local = ["localhost".to_owned()];
        let named = ["https://app.example".to_owned()];
        for (allowed, origin, expected) in [
            (&local, "http://localhost:5173", true),
            (&local, "http://127.0.0.1:3000", true),
            (&local, "https://[::1]", true),
            (&local, "https://evil.example", false),
            (&local, "https://localhost.evil.example", false),
            (&local, "null", false),
            (&named, "https://app.example", true),
            (&named, "http://app.example", false),
            (&named, "http://localhost", false),
        ] {
            assert_eq!(origin_allowed(allowed, origin), expected, "{origin}");
        }
        assert!(cors(&["https://app.example".to_owned()]).is_ok());
        assert!(cors(&["app.example".to_owned()]).is_err());
        assert!(cors(&["https://app.example/path".to_owned()]).is_err());
    }
}
