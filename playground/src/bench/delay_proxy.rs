//! A TCP proxy that adds latency to every answer of the server without limiting throughput, like a network.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Size of a read, in bytes.
const PIECE: usize = 64 * 1024;
/// Limit of pieces in flight in one direction.
const UNDER_WAY: usize = 1_024;

/// The proxy; it stops when this is dropped.
pub(super) struct DelayProxy {
    /// Returns the address to connect to instead of the server.
    pub address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for DelayProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl DelayProxy {
    /// Starts a proxy to `server`.
    pub(super) async fn to(server: SocketAddr, delay: Duration) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(join(client, server, delay));
            }
        });
        Ok(Self { address, task })
    }
}

async fn join(client: TcpStream, server: SocketAddr, delay: Duration) -> io::Result<()> {
    let server = TcpStream::connect(server).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    tokio::select! {
        () = carry(from_client, to_server, Duration::ZERO) => {}
        () = carry(from_server, to_client, delay) => {}
    }
    Ok(())
}

/// Forwards bytes until one side closes.
async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, delay: Duration) {
    let (sender, mut pieces) = mpsc::channel::<(Instant, Vec<u8>)>(UNDER_WAY);
    let read = async move {
        let mut buffer = vec![0; PIECE];
        while let Ok(length) = from.read(&mut buffer).await {
            if length == 0 || sender.send((Instant::now() + delay, buffer[..length].to_vec())).await.is_err()
            {
                return;
            }
        }
    };
    let write = async {
        while let Some((due, bytes)) = pieces.recv().await {
            if !delay.is_zero() {
                tokio::time::sleep_until(due).await;
            }
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    };
    tokio::join!(read, write);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn bytes_arrive_whole_and_later() {
        const DELAY: Duration = Duration::from_millis(30);
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = DelayProxy::to(server.local_addr().unwrap(), DELAY).await.unwrap();
        let mut client = TcpStream::connect(proxy.address).await.unwrap();
        let (mut served, _) = server.accept().await.unwrap();
        client.write_all(b"question").await.unwrap();
        let mut question = [0; 8];
        served.read_exact(&mut question).await.unwrap();
        let asked = Instant::now();
        served.write_all(b"ans").await.unwrap();
        served.write_all(b"wer").await.unwrap();
        let mut answer = [0; 6];
        client.read_exact(&mut answer).await.unwrap();
        assert_eq!((&question, &answer), (b"question", b"answer"));
        assert!(asked.elapsed() >= DELAY);
    }
}
