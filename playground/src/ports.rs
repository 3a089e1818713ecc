//! Free ports for servers whose address must be known before they start.

use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering};

/// The first port of the range. The range ends below 32768, where Linux begins to assign ports to outgoing
/// connections and to servers that bind port 0, so neither can take one of these. The scripts' servers use
/// the same range.
const FIRST: u16 = 12_000;
/// The number of ports in the range.
const NUMBER: u16 = 20_000;

/// Returns an address on 127.0.0.1 that is free now and that this process has not returned recently. The
/// first one is random, so that two processes rarely choose the same.
///
/// # Errors
///
/// Returns an error if no port of the range is free.
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
