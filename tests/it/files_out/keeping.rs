//! Where the files of tools are kept until they are sent, for how long, and who finds them.

use playground::anthropic::Recorded;
use playground::telegram::NewFile;
use serde_json::json;
use starling::domain::file_id::PublicFileId;
use starling::services::made_files::KeepError;

use super::{CONTENTS, SENT, arrived, delivers, keep, keep_with, result, with_picture};
use crate::harness::redis::Redis;
use crate::harness::{ANN, BOB, Bot, conversation};

#[tokio::test]
async fn redis_has_copies_up_to_a_limit_and_postgresql_has_every_content() {
    let mut redis = Redis::start().await;
    let bot = Bot::with([("REDIS_URL", &*redis.url())]).await;
    bot.ask("hello").await;
    let store = async |name: &str, size: usize| {
        let id = keep_with(&bot, Some(&redis), name, "", &vec![1; size]).await.unwrap();
        id.to_string()
    };
    let small = store("small.bin", 1024 * 1024).await;
    let large = store("large.bin", 8 * 1024 * 1024).await;
    assert_eq!(redis.keys(":made:").await.len(), 1, "the large one is beyond the limit");
    assert_eq!(bot.database.count(CONTENTS).await, 2);
    // The copy in Redis is the one that is read.
    bot.sql("UPDATE made_file_contents SET content = 'x' WHERE octet_length(content) = 1048576").await;
    delivers(&bot, "", json!({"file_ids": [small, large]}));
    bot.ann("Send me both.");
    let sizes: Vec<usize> = arrived(&bot, ANN, 2).await.iter().map(|file| file.bytes.len()).collect();
    assert_eq!(sizes, [1024 * 1024, 8 * 1024 * 1024]);
    bot.database.until(SENT, 1).await;
    bot.database.until(CONTENTS, 0).await;
    // Without Redis nothing is lost.
    let last = keep_with(&bot, Some(&redis), "last.bin", "", &[1; 100]).await.unwrap().to_string();
    redis.kill().await;
    delivers(&bot, "", json!({"file_id": last}));
    bot.ann("And the last.");
    assert_eq!(arrived(&bot, ANN, 3).await[2].bytes.len(), 100);
    bot.end().await;
}

#[tokio::test]
async fn only_files_of_the_conversation_that_have_not_expired_are_found() {
    let (bot, expired) = with_picture().await;
    bot.telegram.send(BOB, BOB, NewFile::text("secret of bob.txt", "Bob's.").captioned("Keep this."));
    bot.answer(BOB, 1).await;
    let of_bob: String =
        sqlx::query_scalar("SELECT public_id::text FROM files").fetch_one(bot.books()).await.unwrap();
    let of_bob = PublicFileId::from_column(&of_bob).unwrap().to_string();
    bot.sql("UPDATE made_files SET expires_at = now() - interval '1 minute'").await;
    for id in [expired.as_str(), &of_bob, "file_0000000000000000000000", "7", "AgACAgI"] {
        delivers(&bot, "", json!({"file_id": id}));
        let before = bot.model.requests().len();
        bot.ask("Send me that.").await;
        let told = result(&bot, before + 2).await;
        assert_eq!(told["error"], "not_found", "{id}: {told}");
    }
    let of_ann = |request: &&Recorded| !conversation(request).join(" ").contains("Keep this.");
    for request in bot.model.requests().iter().filter(of_ann) {
        assert!(!request.body.to_string().contains("secret of bob"));
    }
    assert_eq!(bot.telegram.sent_media(ANN).len(), 0);
    bot.end().await;
}

#[tokio::test]
async fn room_is_limited_and_what_nobody_fetches_expires() {
    let bot = Bot::start().await;
    bot.ask("hello").await;
    assert!(matches!(keep(&bot, "x", "", b"").await, Err(KeepError::Empty)));
    let large = vec![0; 51 * 1024 * 1024];
    assert!(matches!(keep(&bot, "x", "", &large).await, Err(KeepError::TooLarge)));
    // One user may fill a fourth of 200 MB.
    keep(&bot, "30.bin", "", &large[..30 * 1024 * 1024]).await.unwrap();
    assert!(matches!(keep(&bot, "x", "", &large[..30 * 1024 * 1024]).await, Err(KeepError::NoRoom)));
    bot.sql("UPDATE made_files SET expires_at = now() - interval '1 minute'").await;
    keep(&bot, "new.bin", "", &large[..30 * 1024 * 1024]).await.unwrap();
    assert_eq!(bot.database.count(CONTENTS).await, 1, "the expired one made room");
    bot.end().await;
}
