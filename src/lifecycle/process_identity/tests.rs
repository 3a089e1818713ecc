//! Living and ended processes.

use std::process::{Command, Stdio};

use super::ProcessIdentity;

#[test]
fn a_process_is_gone_once_it_has_ended() {
    let own = ProcessIdentity::own();
    assert!(own.started > 0 && !own.host.is_empty());
    assert!(!own.sees_gone(&own));
    let mut other = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
    let stat = procfs::process::Process::new(other.id().cast_signed()).unwrap().stat().unwrap();
    let child = ProcessIdentity { pid: stat.pid, started: stat.starttime.cast_signed(), ..own.clone() };
    assert!(!own.sees_gone(&child));
    let successor = ProcessIdentity { started: child.started - 1, ..child.clone() };
    assert!(own.sees_gone(&successor), "its id belongs to another process now");
    other.kill().unwrap();
    other.wait().unwrap();
    assert!(own.sees_gone(&child));
    let elsewhere = ProcessIdentity { host: "elsewhere".to_owned(), ..child };
    assert!(!own.sees_gone(&elsewhere), "nothing is known of other hosts");
}
