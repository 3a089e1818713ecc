//! The Redis server: the configured one, or the master that the Sentinels name, which is another one after a
//! failover.

use std::time::Duration;

use futures::FutureExt;
use futures::future::select_ok;
use redis::aio::{MultiplexedConnection, PubSub};
use redis::io::tcp::TcpSettings;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ErrorKind, IntoConnectionInfo, RedisError, RedisResult,
    TlsCertificates, Value,
};
use secrecy::{ExposeSecret, SecretString};

use crate::config::Redis;

/// Where to connect.
pub(super) struct Server {
    /// The server; with Sentinel, its host is replaced.
    client: Client,
    sentinels: Option<Sentinels>,
}

struct Sentinels {
    clients: Vec<Client>,
    master: String,
}

impl Server {
    /// Reads the settings; connects to nothing.
    ///
    /// # Errors
    /// Returns an error if an address or a certificate is invalid.
    pub(super) fn of(redis: &Redis) -> RedisResult<Self> {
        let open = |address: &SecretString| client(address, redis.certificates.as_deref());
        let sentinels = redis.sentinel.as_ref().map(|sentinel| {
            let clients = sentinel.servers.iter().map(open).collect::<RedisResult<_>>()?;
            RedisResult::Ok(Sentinels { clients, master: sentinel.master.clone() })
        });
        Ok(Self { client: open(&redis.server)?, sentinels: sentinels.transpose()? })
    }

    /// Opens a connection to the server of the moment; returns it with the server's address. The limit applies
    /// to each connection and to each response.
    ///
    /// # Errors
    /// Returns an error if the server, or every Sentinel, is unreachable, or if there is no master.
    pub(super) async fn connect(&self, limit: Duration) -> RedisResult<(MultiplexedConnection, String)> {
        let (client, name) = self.of_the_moment(limit).await?;
        let mut connection = connect(&client, limit).await?;
        if self.sentinels.is_some() {
            is_master(&mut connection).await?;
        }
        Ok((connection, name))
    }

    /// Opens a connection of its own to the server of the moment, for what is published in a channel. The limit
    /// applies to asking Sentinels; the caller limits the whole.
    ///
    /// # Errors
    /// Returns the errors of [`connect`](Self::connect), and a refusal of the subscription. With Sentinel, it may be a
    /// replica just after a failover: what is published reaches that as well.
    pub(super) async fn subscribe(&self, channel: &str, limit: Duration) -> RedisResult<PubSub> {
        let (client, _name) = self.of_the_moment(limit).await?;
        let mut messages = client.get_async_pubsub().await?;
        messages.subscribe(channel).await?;
        Ok(messages)
    }

    /// Returns who connects to the server of the moment, and its address.
    async fn of_the_moment(&self, limit: Duration) -> RedisResult<(Client, String)> {
        let Some(sentinels) = &self.sentinels else {
            return Ok((self.client.clone(), self.client.get_connection_info().addr().to_string()));
        };
        let (host, port) = sentinels.master(limit).await?;
        let info = self.client.get_connection_info().clone();
        let address = match info.addr().clone() {
            ConnectionAddr::TcpTls { insecure, tls_params, .. } => {
                ConnectionAddr::TcpTls { host, port, insecure, tls_params }
            }
            _ => ConnectionAddr::Tcp(host, port),
        };
        let name = address.to_string();
        Ok((Client::open(info.set_addr(address))?, name))
    }
}

impl Sentinels {
    /// Returns the host and port of the master. All Sentinels are asked at once, and the first answer counts, so
    /// a Sentinel that has died with the master costs no time.
    async fn master(&self, limit: Duration) -> RedisResult<(String, u16)> {
        let ask = |client: &Client| {
            let (client, master) = (client.clone(), self.master.clone());
            async move {
                let mut command = redis::cmd("SENTINEL");
                command.arg("GET-MASTER-ADDR-BY-NAME").arg(master);
                let answer: Option<_> = command.query_async(&mut connect(&client, limit).await?).await?;
                answer.ok_or_else(|| failed("the Sentinel does not know a master of this name"))
            }
            .boxed()
        };
        let (address, _others) = select_ok(self.clients.iter().map(ask)).await?;
        Ok(address)
    }
}

/// Asks a server whether it is the master: just after a failover, a Sentinel may still name the former one.
async fn is_master(connection: &mut MultiplexedConnection) -> RedisResult<()> {
    // A user without the right to this command is no reason to do without the cache.
    let Ok(role) = redis::cmd("ROLE").query_async::<Vec<Value>>(connection).await else { return Ok(()) };
    match role.first() {
        Some(Value::BulkString(role)) if role != b"master" => {
            Err(failed("the server that the Sentinel names is no master yet"))
        }
        _ => Ok(()),
    }
}

fn failed(what: &'static str) -> RedisError {
    RedisError::from((ErrorKind::Io, what))
}

async fn connect(client: &Client, limit: Duration) -> RedisResult<MultiplexedConnection> {
    let config =
        AsyncConnectionConfig::new().set_connection_timeout(Some(limit)).set_response_timeout(Some(limit));
    client.get_multiplexed_async_connection_with_config(&config).await
}

/// A client whose connections send at once: docs/decisions/0001-tcp-nodelay.md.
fn client(address: &SecretString, certificates: Option<&str>) -> RedisResult<Client> {
    let server = address.expose_secret().into_connection_info()?;
    let server = server.set_tcp_settings(TcpSettings::default().set_nodelay(true));
    match certificates {
        None => Client::open(server),
        Some(certificates) => {
            let root_cert = Some(certificates.as_bytes().to_vec());
            Client::build_with_tls(server, TlsCertificates { client_tls: None, root_cert })
        }
    }
}

#[cfg(test)]
mod tests;
