//! Settings of the connections to PostgreSQL.

use std::any::Any;

use sqlx_core::net::{Socket, WithSocket, connect_tcp};
use tokio::net::{TcpListener, TcpStream};

/// Receives the socket of a PostgreSQL connection and returns whether TCP_NODELAY is set.
struct SendsAtOnce;

impl WithSocket for SendsAtOnce {
    type Output = bool;

    async fn with_socket<S: Socket>(self, socket: S) -> bool {
        let socket: &dyn Any = &socket;
        socket.downcast_ref::<TcpStream>().expect("a socket of tokio").nodelay().unwrap()
    }
}

#[tokio::test]
async fn what_is_sent_to_postgresql_leaves_at_once() {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = server.local_addr().unwrap().port();
    assert!(connect_tcp("127.0.0.1", port, SendsAtOnce).await.unwrap());
}
