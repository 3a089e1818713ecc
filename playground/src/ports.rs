//! Ports for servers that are told their address before they open it.

use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering};

/// The first of the ports. They lie below those that Linux gives to outgoing connections and to servers that take any port
/// (from 32768 on), so that none of these is there first. The scripts' own servers are in the same range.
const FIRST: u16 = 12_000;
/// How many there are.
const NUMBER: u16 = 20_000;

/// An address on 127.0.0.1 that is free now and that this process has not handed out lately. The first one is random, so
/// that two processes hardly ever choose the same.
///
/// # Errors
/// When there is none.
pub fn free_address() -> io::Result<SocketAddr> {
    static NEXT: LazyLock<AtomicU16> = LazyLock::new(|| {
        let [low, high, ..] = RandomState::new().hash_one(FIRST).to_ne_bytes();
        AtomicU16::new(u16::from_ne_bytes([low, high]))
    });
    let number = || NEXT.fetch_add(1, Ordering::Relaxed) % NUMBER;
    first_free((0..NUMBER).map(|_| FIRST + number()))
}

fn first_free(ports: impl Iterator<Item = u16>) -> io::Result<SocketAddr> {
    for port in ports {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Ok(listener) => return listener.local_addr(),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(io::ErrorKind::AddrInUse, "no free port on 127.0.0.1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_different_and_out_of_the_way_of_outgoing_connections() {
        let addresses = [(); 3].map(|()| free_address().expect("a free port"));
        for (number, address) in addresses.iter().enumerate() {
            assert!(address.ip().is_loopback() && (12_000..32_000).contains(&address.port()), "{address}");
            assert!(!addresses[..number].contains(address), "{addresses:?}");
        }
    }

    #[test]
    fn a_taken_port_is_passed_over() {
        let taken = TcpListener::bind(free_address().expect("a free port")).expect("it is free");
        let taken = taken.local_addr().expect("it has an address").port();
        let other = free_address().expect("a free port").port();
        assert_eq!(first_free([taken, taken, other].into_iter()).expect("the other one").port(), other);
        assert!(first_free([taken].into_iter()).is_err());
    }
}
