//! What is known of one connection, shared by its socket, its requests and the accept loop.
//!
//! Two things are bounded by it. *Silence*: a request has to arrive within a time from its first byte (the first
//! request of the connection), and a connection that waits for its next request gives up its place when there are no others.
//! *Unread bytes*: jsonrpsee starts a task per WebSocket message and bounds the messages that wait to be sent, not their bytes;
//! here a client that does not read what it asked for is not read from either, so that its requests wait in its own socket.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use futures::task::AtomicWaker;
use parking_lot::Mutex;
use tokio::{
    sync::{Notify, Semaphore, SemaphorePermit},
    time::Instant,
};

use crate::config::{TURNS_MAX, UNREAD_BYTES_MAX};

/// Counted for a request beside its bytes: the task that answers it.
const REQUEST_BYTES: usize = 1024;

/// What it is doing.
#[derive(Clone, Copy, Debug)]
enum Doing {
    /// Nothing is being answered since then; `head` if part of a request has come.
    Waiting { since: Instant, head: bool },
    /// A request is being answered.
    Answering,
    /// It is a WebSocket now.
    WebSocket,
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Connection {
    doing: Mutex<Doing>,
    head_time: Duration,
    /// Bytes of answers and notifications that are made but not written.
    unread: AtomicUsize,
    /// Bytes of requests that are not answered.
    unanswered: AtomicUsize,
    /// Bytes read that belong to no request yet.
    arrived: AtomicUsize,
    reader: AtomicWaker,
    written: Notify,
    turns: Semaphore,
}

impl Connection {
    /// A connection whose requests' headers may take `head_time` to arrive.
    pub(crate) fn new(head_time: Duration) -> Self {
        Self {
            head_time,
            // A connection is made in order to ask something.
            doing: Mutex::new(Doing::Waiting { since: Instant::now(), head: true }),
            unread: AtomicUsize::new(0),
            unanswered: AtomicUsize::new(0),
            arrived: AtomicUsize::new(0),
            reader: AtomicWaker::new(),
            written: Notify::new(),
            turns: Semaphore::new(TURNS_MAX),
        }
    }

    /// An HTTP request has arrived whole but for its body; it is answered until the guard is dropped.
    pub(crate) fn answering(self: &Arc<Self>) -> Answering {
        *self.doing.lock() = Doing::Answering;
        Answering(self.clone())
    }

    /// The connection goes on as a WebSocket.
    pub(crate) fn upgrade(self: &Arc<Self>) -> Ticket {
        *self.doing.lock() = Doing::WebSocket;
        Ticket::new(self.clone())
    }

    /// Since when it has waited for a request; `None` if it does not.
    pub(crate) fn waiting_since(&self) -> Option<Instant> {
        match *self.doing.lock() {
            Doing::Waiting { since, .. } => Some(since),
            _ => None,
        }
    }

    /// When the request that is arriving has to be here.
    pub(super) fn head_due(&self) -> Option<Instant> {
        match *self.doing.lock() {
            Doing::Waiting { since, head: true } => Some(since + self.head_time),
            _ => None,
        }
    }

    /// How long the headers of a request may take.
    pub(super) const fn head_time(&self) -> Duration {
        self.head_time
    }

    /// `bytes` were read. True if a new request begins with them.
    pub(super) fn heard(&self, bytes: usize) -> bool {
        match &mut *self.doing.lock() {
            doing @ Doing::Waiting { head: false, .. } => {
                *doing = Doing::Waiting { since: Instant::now(), head: true };
                true
            }
            Doing::WebSocket => {
                self.arrived.fetch_add(bytes, Ordering::Relaxed);
                false
            }
            _ => false,
        }
    }

    fn is_behind(&self) -> bool {
        let held =
            self.unread.load(Ordering::Acquire).saturating_add(self.unanswered.load(Ordering::Acquire));
        held > UNREAD_BYTES_MAX
    }

    /// Ready if more may be read.
    pub(super) fn poll_room(&self, cx: &Context<'_>) -> Poll<()> {
        if !self.is_behind() {
            return Poll::Ready(());
        }
        self.reader.register(cx.waker());
        if self.is_behind() { Poll::Pending } else { Poll::Ready(()) }
    }

    /// `bytes` were written.
    pub(super) fn paid(&self, bytes: usize) {
        let before = subtract(&self.unread, bytes);
        if before > 0 {
            self.written.notify_waiters();
            self.reader.wake();
        }
    }

    /// A message of `len` bytes is on its way to the client.
    pub(crate) fn owe(&self, len: usize) {
        self.unread.fetch_add(len.saturating_add(frame_head(len)), Ordering::AcqRel);
    }

    /// Returns when the client has read enough for another message.
    pub(crate) async fn room(&self) {
        loop {
            let written = self.written.notified();
            tokio::pin!(written);
            written.as_mut().enable();
            if self.unread.load(Ordering::Acquire) <= UNREAD_BYTES_MAX {
                return;
            }
            written.await;
        }
    }

    /// A turn to make a large answer, when there is room for it.
    pub(crate) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        let turn = self.turns.acquire().await.ok();
        self.room().await;
        turn
    }
}

/// Subtracts, but not below zero; returns what was there. What jsonrpsee says by itself (pings) is written but not owed.
fn subtract(counter: &AtomicUsize, amount: usize) -> usize {
    let update = |value: usize| Some(value.saturating_sub(amount));
    counter.fetch_update(Ordering::AcqRel, Ordering::Acquire, update).unwrap_or_default()
}

/// Bytes before the payload of a frame from a server. Source: RFC 6455 §5.2.
const fn frame_head(len: usize) -> usize {
    match len {
        0..=125 => 2,
        126..=0xffff => 4,
        _ => 10,
    }
}

/// An HTTP request that is being answered.
pub(crate) struct Answering(Arc<Connection>);

impl Drop for Answering {
    fn drop(&mut self) {
        let mut doing = self.0.doing.lock();
        if matches!(*doing, Doing::Answering) {
            *doing = Doing::Waiting { since: Instant::now(), head: false };
        }
    }
}

/// A request over WebSocket, from its arrival to its answer. jsonrpsee clones it, with the connection's other extensions, for
/// every message, which is what counts the message.
#[derive(Debug)]
pub(crate) struct Ticket {
    pub(crate) connection: Arc<Connection>,
    bytes: usize,
}

impl Ticket {
    fn new(connection: Arc<Connection>) -> Self {
        let bytes = connection.arrived.swap(0, Ordering::AcqRel).saturating_add(REQUEST_BYTES);
        connection.unanswered.fetch_add(bytes, Ordering::AcqRel);
        Self { connection, bytes }
    }
}

impl Clone for Ticket {
    fn clone(&self) -> Self {
        Self::new(self.connection.clone())
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        subtract(&self.connection.unanswered, self.bytes);
        self.connection.reader.wake();
    }
}

/// How long a connection must have waited for its next request before its place may go to another.
pub(crate) const YIELD_AFTER: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use futures::task::noop_waker;

    use super::*;

    #[tokio::test]
    async fn a_client_that_does_not_read_is_not_read() {
        let connection = Arc::new(Connection::new(Duration::from_secs(10)));
        let waker = noop_waker();
        let room = || connection.poll_room(&Context::from_waker(&waker)).is_ready();
        let base = connection.upgrade();
        assert!(room());
        connection.owe(UNREAD_BYTES_MAX);
        assert!(!room(), "too much is unread");
        connection.paid(UNREAD_BYTES_MAX / 2);
        assert!(room());
        connection.paid(usize::MAX);
        connection.heard(UNREAD_BYTES_MAX);
        let asked = base.clone();
        assert!(!room(), "too much is unanswered");
        drop(asked);
        assert!(room());
        let waiting = connection.clone();
        connection.owe(UNREAD_BYTES_MAX);
        let woken = tokio::spawn(async move { waiting.turn().await.is_some() });
        tokio::task::yield_now().await;
        assert!(!woken.is_finished());
        connection.paid(UNREAD_BYTES_MAX);
        assert!(woken.await.expect("ends"));
    }
}
