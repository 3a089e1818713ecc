//! Cache of files that tools have made, until they are delivered: metadata and bytes together, by a random id that
//! nobody can guess, and only for the conversation that they belong to. All of them together have a limit.

use redis::{Value, from_redis_value};

use super::client::Lane;
use super::{Cache, LIFETIME};
use crate::domain::file::MadeFile;
use crate::domain::ids::ThreadId;

/// The label of this cache in metrics.
const LABEL: &str = "exec_file";
/// The most bytes of one file.
pub const LIMIT: usize = 100 * 1024 * 1024;
/// The most bytes of all files together.
pub const TOTAL_LIMIT: usize = 256 * 1024 * 1024;

const STORE: &str = include_str!("lua/exec_store.lua");

/// Keeps a file for an hour, if there is room. Returns whether it is kept.
pub async fn put(cache: &Cache, id: u128, file: &MadeFile, bytes: &[u8]) -> bool {
    put_within(cache, id, file, bytes, TOTAL_LIMIT).await
}

/// The same with another limit for all files together.
pub async fn put_within(cache: &Cache, id: u128, file: &MadeFile, bytes: &[u8], total: usize) -> bool {
    let Ok(keys) = cache.keys() else { return false };
    let Ok(meta) = serde_json::to_vec(file) else { return false };
    if bytes.len() > LIMIT {
        return false;
    }
    let (expiry, sizes) = keys.exec_index();
    let mut commands = redis::pipe();
    let command = commands.cmd("EVAL").arg(STORE).arg(3).arg(keys.exec_file(id)).arg(expiry).arg(sizes);
    command.arg(name(id)).arg(meta).arg(bytes).arg(bytes.len()).arg(total).arg(LIFETIME.as_secs());
    match cache.ask_one(Lane::Bulk, &mut commands).await {
        Ok(answer) => {
            cache.wrote();
            answer == Value::Int(1)
        }
        Err(_) => false,
    }
}

/// What is known of a file of this conversation.
pub async fn describe(cache: &Cache, id: u128, thread: ThreadId) -> Option<MadeFile> {
    let key = cache.keys().ok()?.exec_file(id);
    let answer = cache.ask_one(Lane::Quick, redis::pipe().cmd("HGET").arg(key).arg("meta")).await;
    let meta: Option<Vec<u8>> = from_redis_value(answer.ok()?).ok()?;
    own(&meta?, thread)
}

/// A file of this conversation with its bytes.
pub async fn get(cache: &Cache, id: u128, thread: ThreadId) -> Option<(MadeFile, Vec<u8>)> {
    let key = cache.keys().ok()?.exec_file(id);
    let answer =
        cache.ask_one(Lane::Bulk, redis::pipe().cmd("HMGET").arg(key).arg("meta").arg("bytes")).await;
    let found: Option<[Option<Vec<u8>>; 2]> = answer.ok().and_then(|value| from_redis_value(value).ok());
    let file = found.and_then(|[meta, bytes]| Some((own(&meta?, thread)?, bytes?)));
    cache.count(LABEL, file.is_some());
    file
}

/// Forgets a file: Telegram has it.
pub async fn remove(cache: &Cache, id: u128) {
    let Ok(keys) = cache.keys() else { return };
    let (expiry, sizes) = keys.exec_index();
    let mut commands = redis::pipe();
    commands.cmd("DEL").arg(keys.exec_file(id));
    commands.cmd("ZREM").arg(expiry).arg(name(id));
    commands.cmd("HDEL").arg(sizes).arg(name(id));
    cache.write(commands).await;
}

fn own(meta: &[u8], thread: ThreadId) -> Option<MadeFile> {
    serde_json::from_slice::<MadeFile>(meta).ok().filter(|file| file.thread == thread)
}

fn name(id: u128) -> String {
    format!("{id:032x}")
}
