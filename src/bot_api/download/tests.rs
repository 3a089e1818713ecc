//! Tests: downloads of files.

use super::*;

#[tokio::test]
async fn a_file_of_a_local_server_is_read_up_to_the_limit() {
    let directory = env!("CARGO_MANIFEST_DIR");
    let path = format!("{directory}/Cargo.toml");
    let expected = include_bytes!("../../../Cargo.toml");
    let size = expected.len() as u64;
    assert_eq!(read_local(&path, size).await.unwrap(), expected);
    assert!(read_local(&path, size - 1).await.unwrap_err().is_too_big());
    let missing = read_local(&format!("{path}.missing"), size).await.unwrap_err();
    assert!(!missing.is_passing() && missing.to_string().contains("cannot open"), "{missing}");
    assert!(!read_local(directory, size).await.unwrap_err().is_passing());
}
