//! Keys of recordings, and durations as people read them.

use super::*;

#[test]
fn the_key_of_a_row_names_the_message_or_the_file() {
    let recording = RecordingId { chat: ChatId(-100), message: MessageId(7), replied: false };
    let replied = RecordingId { replied: true, ..recording };
    for (id, key) in [
        (TranscriptionId::Recording(recording), "-100:7"),
        (TranscriptionId::Recording(replied), "-100:7:replied"),
        (TranscriptionId::File(PublicFileId::default()), "file_0000000000000000000000"),
    ] {
        assert_eq!(id.to_string(), key);
        assert_eq!(id.stopped_key(-5), format!("{key}:stopped:-5"));
        assert_eq!(charge_key(key), format!("transcription:{key}"));
    }
}

#[test]
fn durations_read_like_a_clock() {
    for (seconds, shown) in
        [(0, "0:00"), (7, "0:07"), (60, "1:00"), (750, "12:30"), (3_599, "59:59"), (3_725, "1:02:05")]
    {
        assert_eq!(clock(seconds), shown);
    }
}
