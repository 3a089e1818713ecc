//! A proxy in front of a server, which a test can cut and restore, which can lose one response, or which is
//! slow.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

pub(crate) struct Proxy {
    address: SocketAddr,
    wire: Arc<Wire>,
}

struct Wire {
    whole: watch::Sender<bool>,
    /// The request whose response gets lost, identified by a part of its bytes.
    swallow: Mutex<Option<&'static str>>,
    swallowed: watch::Sender<bool>,
    /// The delay of every response in milliseconds.
    delay_ms: AtomicU64,
}

impl Proxy {
    pub(crate) async fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let wire = Arc::new(Wire {
            whole: watch::Sender::new(true),
            swallow: Mutex::new(None),
            swallowed: watch::Sender::new(false),
            delay_ms: AtomicU64::new(0),
        });
        let shared = wire.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(join(client, target, shared.clone()));
            }
        });
        Self { address, wire }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Breaks every connection and accepts no new one.
    pub(crate) fn cut(&self) {
        self.wire.whole.send_replace(false);
    }

    /// Sets the delay of all responses from now on.
    pub(crate) fn delay(&self, by: std::time::Duration) {
        self.wire.delay_ms.store(u64::try_from(by.as_millis()).unwrap(), Ordering::Relaxed);
    }

    pub(crate) fn mend(&self) {
        self.wire.whole.send_replace(true);
    }

    /// Lets the server execute the next request that contains `part`, but breaks the connection instead of
    /// returning the response.
    pub(crate) fn swallow_answer_to(&self, part: &'static str) {
        *self.wire.swallow.lock().unwrap() = Some(part);
    }

    pub(crate) async fn swallowed(&self) {
        let mut swallowed = self.wire.swallowed.subscribe();
        let done = tokio::time::timeout(super::BOUND, swallowed.wait_for(|swallowed| *swallowed)).await;
        assert!(done.is_ok_and(|done| done.is_ok()), "no answer was swallowed");
    }
}

async fn join(client: TcpStream, target: SocketAddr, wire: Arc<Wire>) {
    let mut whole = wire.whole.subscribe();
    if !*whole.borrow() {
        return;
    }
    let Ok(server) = TcpStream::connect(target).await else { return };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let lost = watch::Sender::new(false);
    tokio::select! {
        () = requests(from_client, to_server, &wire, &lost) => {}
        () = answers(from_server, to_client, lost.subscribe(), &wire) => {}
        _ = whole.wait_for(|whole| !whole) => {}
    }
}

async fn requests(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, wire: &Wire, lost: &watch::Sender<bool>) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length) = from.read(&mut buffer).await {
        let bytes = &buffer[..length];
        {
            let mut swallow = wire.swallow.lock().unwrap();
            if swallow.is_some_and(|part| bytes.windows(part.len()).any(|window| window == part.as_bytes())) {
                *swallow = None;
                lost.send_replace(true);
            }
        }
        if length == 0 || to.write_all(bytes).await.is_err() {
            return;
        }
    }
}

/// Reads and drops the first response after the loss was requested, which proves that the request was
/// executed.
async fn answers(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, lost: watch::Receiver<bool>, wire: &Wire) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length) = from.read(&mut buffer).await {
        if *lost.borrow() {
            wire.swallowed.send_replace(true);
            return;
        }
        let delay_ms = wire.delay_ms.load(Ordering::Relaxed);
        if delay_ms > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(delay_ms)).await;
        }
        if length == 0 || to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
