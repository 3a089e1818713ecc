//! Many people send large photos at the same moment: all are answered, and memory stays bounded.

use playground::telegram::{Attachment, NewFile, Person};

use crate::harness::{BOUND, Bot, scaled};

/// The size of each photo, in bytes; Telegram accepts 10 MB.
const PHOTO_BYTES: usize = 9_900_000;
/// The most memory that the bot may have resident at any moment, in KiB: 250 MiB.
const MOST_KIB: u64 = 250 * 1024;

/// Returns a photo whose scan is as long as that of a photo of many megapixels.
fn large_photo() -> Vec<u8> {
    let mut photo = NewFile::photo(4_000, 3_000).bytes;
    let end = photo.len() - 2;
    let scan = std::iter::repeat_n(0x55, PHOTO_BYTES - photo.len());
    photo.splice(end..end, scan);
    photo
}

#[tokio::test]
#[expect(clippy::print_stdout, reason = "the figure is what the test is run for")]
async fn large_photos_of_many_people_at_once_take_bounded_memory() {
    let people = scaled(16, 50);
    let bot = Bot::start().await;
    let photo = large_photo();
    for id in 2_001..2_001 + people {
        bot.telegram.add_user(Person::new(id, "Somebody"));
        let photo = NewFile::new(Attachment::Photo, "photo.jpg", "image/jpeg", photo.clone());
        bot.telegram.send(id, id, photo.captioned("What is this?"));
    }
    let answered = "SELECT count(*) FROM turns WHERE state = 'answered'";
    bot.database.until_within(BOUND * 3, answered, people).await;
    assert_eq!(bot.database.count("SELECT count(*) FROM files WHERE provider_id IS NOT NULL").await, people);
    let peak = bot.peak_memory_kib();
    println!("{people} people with photos of {PHOTO_BYTES} bytes: peak {} MiB", peak / 1024);
    assert!(peak < MOST_KIB, "{} MiB", peak / 1024);
    bot.end().await;
}
