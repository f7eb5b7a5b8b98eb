//! A socket that ends when its peer has been silent too long, is not read while its peer does not read, and gives its place
//! back when it ends.
//!
//! The place is kept here because a WebSocket outlives the HTTP service that let it in.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep},
};

use super::connection::Connection;

/// `T` with a limit on silence, and the place `P` it takes. The clock is looked at when data moves; the timer only when it fires.
pub(crate) struct Idle<T, P> {
    io: T,
    connection: Arc<Connection>,
    limit: Duration,
    last: Instant,
    timer: Pin<Box<Sleep>>,
    _place: P,
}

impl<T, P> Idle<T, P> {
    pub(crate) fn new(io: T, connection: Arc<Connection>, place: P, limit: Duration) -> Self {
        let timer = Box::pin(tokio::time::sleep(limit.min(connection.head_time())));
        Self { io, connection, limit, last: Instant::now(), timer, _place: place }
    }

    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        loop {
            ready!(self.timer.as_mut().poll(cx));
            let silent = self.last + self.limit;
            let end = self.connection.head_due().map_or(silent, |due| due.min(silent));
            if Instant::now() >= end {
                return Poll::Ready(io::ErrorKind::TimedOut.into());
            }
            self.timer.as_mut().reset(end);
        }
    }

    fn moved<R>(&mut self, result: Poll<io::Result<R>>) -> Poll<io::Result<R>> {
        if result.is_ready() {
            self.last = Instant::now();
        }
        result
    }

    fn wrote(&mut self, result: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = &result {
            self.connection.paid(*bytes);
        }
        self.moved(result)
    }
}

impl<T: AsyncRead + Unpin, P: Unpin> AsyncRead for Idle<T, P> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = match self.connection.poll_room(cx) {
            Poll::Ready(()) => Pin::new(&mut self.io).poll_read(cx, buf),
            Poll::Pending => Poll::Pending,
        };
        if result.is_pending() {
            return self.poll_silence(cx).map(Err);
        }
        if self.connection.heard(buf.filled().len().saturating_sub(before)) {
            let due = Instant::now() + self.connection.head_time();
            self.timer.as_mut().reset(due);
        }
        self.moved(result)
    }
}

impl<T: AsyncWrite + Unpin, P: Unpin> AsyncWrite for Idle<T, P> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.io).poll_write(cx, buf);
        self.wrote(result)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.io).poll_write_vectored(cx, bufs);
        self.wrote(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    fn connection() -> Arc<Connection> {
        Arc::new(Connection::new(Duration::from_secs(3600)))
    }

    /// A byte now and then is not silence, but no request either.
    #[tokio::test]
    async fn a_request_that_trickles_in_ends_a_connection() {
        let (mut peer, near) = duplex(64);
        let connection = Arc::new(Connection::new(Duration::from_millis(40)));
        let mut near = Idle::new(near, connection.clone(), (), Duration::from_secs(3600));
        drop(connection.answering());
        let trickle = tokio::spawn(async move {
            while peer.write_u8(b'x').await.is_ok() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        });
        let mut heard = 0;
        let error = loop {
            match near.read_u8().await {
                Ok(_) => heard += 1,
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(heard > 0, "it was not silent");
        drop(near);
        trickle.await.expect("ends");
    }

    #[tokio::test]
    async fn silence_ends_a_connection() {
        let (_peer, near) = duplex(64);
        let mut near = Idle::new(near, connection(), (), Duration::from_millis(5));
        let error = near.read_u8().await.expect_err("silent");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn talk_keeps_a_connection() {
        let (mut peer, near) = duplex(64);
        let connection = connection();
        let _answering = connection.answering();
        let mut near = Idle::new(near, connection, (), Duration::from_secs(3600));
        // The timer of a connection that has talked since it was set.
        near.timer = Box::pin(tokio::time::sleep(Duration::ZERO));
        let (read, ()) = tokio::join!(near.read_u8(), async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            peer.write_u8(b'x').await.expect("open");
        });
        assert_eq!(read.expect("the timer was set again"), b'x');
        assert!(near.timer.deadline() > Instant::now() + Duration::from_secs(3000));
    }
}
