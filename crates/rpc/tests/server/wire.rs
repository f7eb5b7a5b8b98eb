//! HTTP/1.1 and WebSocket by hand, so that nothing stands between a test and the bytes.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Response {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {} {}", self.head, self.body))
    }
}

pub(crate) async fn post(to: SocketAddr, body: &str) -> Response {
    request(to, "POST / HTTP/1.1", &[("host", "localhost"), ("content-type", "application/json")], body).await
}

/// Sends one request on its own connection and reads the answer to the end.
pub(crate) async fn request(to: SocketAddr, line: &str, headers: &[(&str, &str)], body: &str) -> Response {
    let mut stream = TcpStream::connect(to).await.expect("connects");
    let mut head = format!("{line}\r\ncontent-length: {}\r\nconnection: close\r\n", body.len());
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).await.expect("sends the head");
    stream.write_all(body.as_bytes()).await.expect("sends the body");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.expect("reads the answer");
    parse(&bytes)
}

fn parse(bytes: &[u8]) -> Response {
    let text = String::from_utf8(bytes.to_vec()).expect("text");
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text.as_str(), ""));
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status line");
    Response { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
}

/// A WebSocket client.
pub(crate) struct WebSocket(TcpStream);

impl WebSocket {
    pub(crate) async fn open(to: SocketAddr) -> Self {
        Self::open_from(to, None).await.expect("upgrades")
    }

    /// Opens with an `Origin`, as a browser would. `Err` is the status of the refusal.
    pub(crate) async fn open_from(to: SocketAddr, origin: Option<&str>) -> Result<Self, u16> {
        let mut stream = TcpStream::connect(to).await.expect("connects");
        let origin = origin.map(|origin| format!("origin: {origin}\r\n")).unwrap_or_default();
        let head = format!(
            "GET / HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\
             sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n{origin}\r\n"
        );
        stream.write_all(head.as_bytes()).await.expect("sends");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.expect("reads the head"));
        }
        match parse(&head).status {
            101 => Ok(Self(stream)),
            status => Err(status),
        }
    }

    pub(crate) async fn send(&mut self, message: &Value) {
        let text = message.to_string();
        let mut frame = vec![0x81];
        match text.len() {
            len @ 0..=125 => frame.push(0x80 | u8::try_from(len).expect("short")),
            len => {
                frame.push(0x80 | 126);
                frame.extend(u16::try_from(len).expect("short enough").to_be_bytes());
            }
        }
        // A mask of zeros is a mask.
        frame.extend([0u8; 4]);
        frame.extend(text.as_bytes());
        self.0.write_all(&frame).await.expect("sends");
    }

    /// The next text message.
    pub(crate) async fn receive(&mut self) -> Value {
        loop {
            let kind = self.0.read_u8().await.expect("open") & 0x0f;
            let len = match self.0.read_u8().await.expect("open") & 0x7f {
                126 => usize::from(self.0.read_u16().await.expect("open")),
                127 => usize::try_from(self.0.read_u64().await.expect("open")).expect("fits"),
                short => usize::from(short),
            };
            let mut payload = vec![0; len];
            self.0.read_exact(&mut payload).await.expect("open");
            if kind == 1 {
                return serde_json::from_slice(&payload).expect("json");
            }
        }
    }
}
