//! Pictures that the model does not take as they are: converted, without their place, or explained.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use playground::anthropic::Recorded;
use playground::samples;
use playground::telegram::{Attachment, NewFile};

use crate::harness::{ANN, Bot, conversation};

/// A place, as the metadata of a photo spells it.
const PLACE: &[u8] = b"48.858222N-2.294500E";

fn picture(format: ImageFormat) -> Vec<u8> {
    let pixels = RgbImage::from_fn(64, 48, |x, y| {
        Rgb([x * 4, y * 5, (x * y) % 251].map(|value| u8::try_from(value).unwrap()))
    });
    let mut file = Cursor::new(Vec::new());
    DynamicImage::from(pixels).write_to(&mut file, format).unwrap();
    file.into_inner()
}

fn document(name: &str, mime: &str, bytes: Vec<u8>) -> NewFile {
    NewFile::new(Attachment::Document, name, mime, bytes)
}

/// A small file that claims to have 900 megapixels.
fn bomb() -> Vec<u8> {
    let mut file = samples::png(8, 8);
    file[16..24].copy_from_slice(&[0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30]);
    file
}

/// Returns the kinds of the blocks that show files.
fn blocks(request: &Recorded) -> Vec<String> {
    request.files().iter().map(|file| file.block.to_string()).collect()
}

#[tokio::test]
async fn pictures_of_other_formats_are_seen_now_and_later() {
    let bot = Bot::start().await;
    for (number, (name, mime, format)) in [
        ("scan.bmp", "image/bmp", ImageFormat::Bmp),
        ("scan.tiff", "image/tiff", ImageFormat::Tiff),
        ("logo.ico", "application/octet-stream", ImageFormat::Ico),
    ]
    .into_iter()
    .enumerate()
    {
        bot.telegram.send(ANN, ANN, document(name, mime, picture(format)));
        let answer = bot.answer(ANN, number + 1).await;
        assert!(answer.contains(&format!("You sent a photo \"{name}\" (64 x 48)")), "{answer}");
    }
    assert_eq!(blocks(&bot.request(3).await), ["image"; 3]);
    let sent: Vec<String> = bot.model.files().into_iter().map(|file| file.mime).collect();
    assert!(sent.iter().all(|mime| mime == "image/png" || mime == "image/jpeg"), "{sent:?}");
    // What the sender sent is stored, not what it became.
    let stored: (String, i64) = sqlx::query_as("SELECT mime, size FROM files ORDER BY id LIMIT 1")
        .fetch_one(bot.books())
        .await
        .unwrap();
    assert_eq!(stored, ("image/bmp".to_owned(), i64::try_from(picture(ImageFormat::Bmp).len()).unwrap()));
    bot.end().await;
}

#[tokio::test]
async fn a_sticker_that_does_not_move_is_seen() {
    let bot = Bot::start().await;
    let sticker = NewFile::new(Attachment::Sticker, "s", "image/webp", picture(ImageFormat::WebP));
    bot.telegram.send(ANN, ANN, sticker);
    assert!(bot.answer(ANN, 1).await.contains("You sent a photo"), "{}", bot.screen(ANN));
    bot.ask("And what did I send?").await;
    assert_eq!(
        (blocks(&bot.request(1).await), blocks(&bot.request(2).await).len()),
        (vec!["image".into()], 1)
    );
    bot.end().await;
}

#[tokio::test]
async fn a_picture_that_cannot_be_shown_is_explained_and_costs_nothing() {
    let bot = Bot::start().await;
    let png = picture(ImageFormat::Png);
    let cut = png[..png.len() / 2].to_vec();
    let heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic".to_vec();
    for (number, (file, told)) in [
        (document("bomb.png", "image/png", bomb()), "too many pixels"),
        (document("cut.png", "image/png", cut), "damaged or incomplete"),
        (document("IMG_1.HEIC", "image/heic", heic), "send it as a photo"),
    ]
    .into_iter()
    .enumerate()
    {
        bot.telegram.send(ANN, ANN, file);
        let answer = bot.answer(ANN, number + 1).await;
        assert!(answer.contains(told), "{answer}");
    }
    assert_eq!((bot.model.files().len(), bot.model.requests().len()), (0, 0));
    bot.end().await;
}

#[tokio::test]
async fn a_bomb_beside_words_leaves_the_words_and_the_other_files() {
    let bot = Bot::start().await;
    let album = vec![
        document("bomb.png", "image/png", bomb()).captioned("Compare these."),
        document("scan.bmp", "image/bmp", picture(ImageFormat::Bmp)),
    ];
    bot.telegram.send_album(ANN, ANN, None, album);
    bot.answer(ANN, 1).await;
    let asked = bot.request(1).await;
    let said = conversation(&asked);
    assert!(said[0].contains("[document \"bomb.png\"") && said[0].contains("Compare these."), "{said:?}");
    assert_eq!(blocks(&asked), ["image"]);
    bot.end().await;
}

#[tokio::test]
async fn of_a_photo_that_was_cut_the_model_sees_what_there_is() {
    let bot = Bot::start().await;
    let jpeg = picture(ImageFormat::Jpeg);
    bot.telegram.send(ANN, ANN, document("cut.jpg", "image/jpeg", jpeg[..jpeg.len() * 3 / 4].to_vec()));
    assert!(bot.answer(ANN, 1).await.contains("(64 x 48)"), "{}", bot.screen(ANN));
    let sent = bot.model.files()[0].clone();
    assert!(bot.model.file_bytes(&sent.id).unwrap().ends_with(b"\xFF\xD9"), "the copy is whole");
    bot.end().await;
}

#[tokio::test]
async fn the_place_where_a_photo_was_taken_does_not_reach_the_provider() {
    let bot = Bot::start().await;
    let jpeg = picture(ImageFormat::Jpeg);
    let exif = [b"Exif\0\0MM\0\x2a\0\0\0\x08\0\0".as_slice(), PLACE].concat();
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    let tagged = [&jpeg[..2], &[0xFF, 0xE1], &length, &exif, &jpeg[2..]].concat();
    assert!(holds_place(&tagged));
    bot.telegram.send(ANN, ANN, document("photo.jpg", "image/jpeg", tagged));
    bot.answer(ANN, 1).await;
    let sent = bot.model.file_bytes(&bot.model.files()[0].id).unwrap();
    assert!(!holds_place(&sent));
    assert_eq!(sent, jpeg, "the pixels are not encoded again");
    bot.end().await;
}

fn holds_place(bytes: &[u8]) -> bool {
    bytes.windows(PLACE.len()).any(|window| window == PLACE)
}
