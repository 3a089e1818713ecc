//! Certificates of a test's own: an authority, and a server at 127.0.0.1 that it vouches for.

use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) struct Certificates {
    folder: PathBuf,
}

impl Certificates {
    /// Creates the files in a folder. Returns `None` if openssl is not installed here.
    pub(crate) fn create(folder: &Path) -> Option<Self> {
        Command::new("openssl").arg("version").output().ok()?;
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
        std::fs::write(folder.join("names"), "subjectAltName = IP:127.0.0.1\n").unwrap();
        for line in [
            format!("req -x509 {key} -keyout authority.key -out authority.crt -days 2 -subj /CN=authority"),
            format!("req -new {key} -keyout server.key -out server.csr -subj /CN=server"),
            "x509 -req -in server.csr -CA authority.crt -CAkey authority.key -CAcreateserial -out server.crt \
             -days 2 -extfile names"
                .to_owned(),
        ] {
            let made = Command::new("openssl").args(line.split_whitespace()).current_dir(folder).output().unwrap();
            assert!(made.status.success(), "openssl {line}: {}", String::from_utf8_lossy(&made.stderr));
        }
        Some(Self { folder: folder.to_owned() })
    }

    /// Returns the files: the authority's certificate, the server's, and its key.
    pub(crate) fn files(&self) -> [String; 3] {
        ["authority.crt", "server.crt", "server.key"]
            .map(|name| self.folder.join(name).to_str().unwrap().to_owned())
    }
}
